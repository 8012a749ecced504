"""What of an agent's mail goes to the customer."""

import pytest

from mailtrack.desk.agent_words import farewell_in


@pytest.mark.parametrize(
    ("signature", "farewell"),
    [
        ("Best regards,\nIvan", "Best regards,\nIvan"),
        ("С уважением,\n\nИван Петренко\nслужба поддержки", "С уважением,\nИван Петренко\n"
         "служба поддержки"),
        ("Дякую!", "Дякую!"),
        ("Best regards,\nIvan\nExample Ltd\n+380 44 000", ""),
        ("-- \nIvan", ""),
        ("Sent from my iPhone", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_farewell_stays_and_a_visiting_card_goes(signature, farewell):
    assert farewell_in(signature) == farewell
