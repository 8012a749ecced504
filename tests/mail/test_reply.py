"""Where the new words of a reply end: what real programs write around a quote, in tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from mail.replying import ABOVE_QUOTES, facts_of

from mailtrack.mail.markers import MARKERS
from mailtrack.mail.parse import parse
from mailtrack.mail.reply import (
    NewWords,
    new_words,
    new_words_of_text,
)

REPLIES = sorted((Path(__file__).parent / "replies").glob("*.eml"))


@pytest.mark.parametrize("path", REPLIES, ids=lambda path: path.stem)
def test_a_reply_of_a_real_program_is_cut_exactly(path: Path) -> None:
    wanted = path.with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n")
    assert parse(path.read_bytes()).reply == wanted


def test_there_are_replies_of_ten_programs_in_five_languages() -> None:
    assert len(REPLIES) >= 50
    assert {path.stem.rpartition("-")[2] for path in REPLIES} == {"ru", "uk", "en", "de", "pl"}


# The second quote has no prefix, as when HTML was turned into text.
PLACES = (
    "Hello,\n\nit works.\n\n{above}\n\n> old\n> words",
    "Hello,\n\nit works.\n\n{above}\nold\nwords",
)


@pytest.mark.parametrize("above", ABOVE_QUOTES)
@pytest.mark.parametrize("place", PLACES, ids=("prefixed", "bare"))
def test_an_attribution_ends_the_new_words(above: str, place: str) -> None:
    found = new_words_of_text(place.format(above=above))
    assert found.reply == "Hello,\n\nit works."
    assert found.rule == "attribution"
    assert found.certain


@pytest.mark.parametrize("above", [line for line in ABOVE_QUOTES if len(line) > 60])
def test_an_attribution_is_found_when_it_was_wrapped(above: str) -> None:
    blank = above.rindex(" ", 0, 60)
    wrapped = f"{above[:blank]}\n{above[blank + 1 :]}"
    found = new_words_of_text(f"It works.\n\n{wrapped}\n\n> old")
    assert found.reply == "It works."


# S21: the header blocks that Outlook writes above what it quotes.
HEADER_BLOCKS = (
    ("From", "Sent", "To", "Subject"),
    ("От", "Отправлено", "Кому", "Тема"),
    ("Від", "Надіслано", "Кому", "Тема"),
    ("Von", "Gesendet", "An", "Betreff"),
    ("De ", "Envoyé ", "À ", "Objet "),
    ("De", "Enviado", "Para", "Asunto"),
    ("Da", "Inviato", "A", "Oggetto"),
    ("De", "Enviada em", "Para", "Assunto"),
    ("Van", "Verzonden", "Aan", "Onderwerp"),
    ("Od", "Wysłano", "Do", "Temat"),
    ("Från", "Skickat", "Till", "Ämne"),
    ("Fra", "Sendt", "Til", "Emne"),
    ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe"),
    ("Od", "Odesláno", "Komu", "Předmět"),
    ("Od", "Odoslané", "Komu", "Predmet"),
    ("Feladó", "Elküldve", "Címzett", "Tárgy"),
    ("Kimden", "Gönderildi", "Kime", "Konu"),
    ("De la", "Trimis", "Către", "Subiect"),
    ("Από", "Στάλθηκε", "Προς", "Θέμα"),
    ("差出人", "送信日時", "宛先", "件名"),
    ("发件人", "发送时间", "收件人", "主题"),
    ("寄件者", "寄件日期", "收件者", "主旨"),
    ("보낸 사람", "보낸 날짜", "받는 사람", "제목"),
    ("מאת", "נשלח", "אל", "נושא"),
    ("من", "تم الإرسال", "إلى", "الموضوع"),
)


@pytest.mark.parametrize("names", HEADER_BLOCKS, ids=lambda names: names[0])
@pytest.mark.parametrize("style", ("{}: {}", "*{}:* {}", "{}：{}"))
def test_s21_an_outlook_header_block_ends_the_new_words(
    names: tuple[str, str, str, str], style: str
) -> None:
    values = ("Ann Lee <ann@desk.example>", "02.03.2026 9:15", "Dana", "Printer")
    block = "\n".join(style.format(*row) for row in zip(names, values, strict=True))
    found = new_words_of_text(f"It works.\n\n{block}\n\nold words")
    assert found.reply == "It works."
    assert "old words" in found.quoted


@pytest.mark.parametrize(
    "separator",
    (
        "-----Original Message-----",
        "----- Исходное сообщение -----",
        "-------- Вихідне повідомлення --------",
        "-----Ursprüngliche Nachricht-----",
        "-----Message d'origine-----",
        "-----Oryginalna wiadomość-----",
        "------------------ 原始邮件 ------------------",
        "---- On Mon, 02 Mar 2026 09:15:00 +0200 Ann Lee <ann@desk.example> wrote ----",
    ),
)
def test_a_separator_ends_the_new_words(separator: str) -> None:
    found = new_words_of_text(f"It works.\n\n{separator}\n\nold words")
    assert found.reply == "It works."


def test_the_bat_quotes_with_initials() -> None:
    text = (
        "Здравствуйте, Анна.\n\nВы писали 2 марта 2026 г., 9:15:00:\n\nАП> Какой принтер?\n"
        "АП> И что на экране?\n\nТот, что у кухни.\n\n-- \nС уважением,\n Дана"
    )
    found = new_words_of_text(text)
    assert found.reply == "Здравствуйте, Анна.\n\nТот, что у кухни."


def test_a_mark_of_what_was_left_out_belongs_to_the_quote() -> None:
    text = "On 2 Mar 2026, at 9:15, Ann wrote:\n[...]\n> old\n\nIt works."
    assert new_words_of_text(text).reply == "It works."


def test_a_signature_below_inline_answers_is_folded() -> None:
    found = new_words_of_text("> q1\n\na1\n\n> q2\n\na2\n\n-- \nDana")
    assert (found.reply, found.signature) == ("> q1\n\na1\n\n> q2\n\na2", "-- \nDana")


def test_s23_a_reply_that_only_quotes_has_no_new_words() -> None:
    found = new_words_of_text("On 2 Mar 2026, at 9:15, Ann wrote:\n> q1\n> q2\n")
    assert found == NewWords("", True, "attribution", found.quoted)
    assert "> q2" in found.quoted


def test_s23_a_quote_in_html_only_has_no_new_words() -> None:
    html = '<div class="gmail_attr">On Mon Ann wrote:</div><blockquote>old words</blockquote>'
    assert new_words(facts_of("On Mon Ann wrote:\n\nold words", html=html)).reply == ""


# What follows the words and is folded.
SIGNATURES = (
    "-- \nDana Miller\n+1 555 010 9999",
    "--\nDana",
    "Sent from my iPhone",
    "Sent from my Verizon Wireless BlackBerry",
    "Get Outlook for Android<https://aka.ms/AAb9ysg>",
    "Отправлено с iPhone",
    "Отправлено из мобильной Почты Mail",
    "Надіслано з iPhone",
    "Von meinem iPhone gesendet",
    "Wysłane z iPhone'a",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Best regards,\nDana Miller\nHead of Printing",
    "С уважением,\nДана Петрова\nтел. +7 900 000-00-00",
    "З повагою,\nДана Коваль",
    "Mit freundlichen Grüßen\n\nDana Müller\nKunde GmbH",
    "Pozdrawiam\nDana Nowak",
    "Med venlig hilsen\nDana",
    "-Dana Miller",
    "/Dana",
    "Dana Miller\ndana@client.example\n(555) 346-9947\nwww.client.example",
    "_____________________________________\nprinters mailing list\nprinters@x.example",
    "Best regards,\nDana\n\nSent from my iPad",
)


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("below", ("", "\n\nOn 2 Mar 2026, at 9:15, Ann wrote:\n> old"))
def test_a_signature_is_folded(signature: str, below: str) -> None:
    found = new_words_of_text(f"It works.\n\n{signature}{below}")
    assert found.reply == "It works."
    assert found.signature == signature


@pytest.mark.parametrize("language", MARKERS)
@pytest.mark.parametrize("prefix", ("", "> ", ">> ", "| "))
def test_our_marker_ends_the_new_words(language: str, prefix: str) -> None:
    text = f"It works.\n\nKdosi nekdy psal:\n{prefix}{MARKERS[language]}\n{prefix}old words"
    found = new_words_of_text(text)
    assert found.reply.startswith("It works.")
    assert "old words" not in found.reply
    assert found.rule == "marker"


@pytest.mark.parametrize("width", (20, 30, 45))
def test_our_marker_is_known_when_it_was_wrapped(width: int) -> None:
    marker = MARKERS["ru"]
    blank = marker.rindex(" ", 0, width)
    text = f"Работает.\n\n> {marker[:blank]}\n> {marker[blank + 1 :]}\n> старое"
    assert new_words_of_text(text).reply == "Работает."


SENT = (
    "Hello Dana,\n\nwhich printer is it, and what does its display say?\n\n"
    "Did you restart it today?\n\nIvan"
)


@pytest.mark.parametrize(
    ("text", "reply"),
    (
        # An unknown program in an unknown language: no prefix, no known attribution.
        (f"It works.\n\nZapsano kdysi kymsi, 2.3.2026:\n{SENT}", "It works."),
        # Wrapped and indented on the way.
        (
            "It works.\n\n   Hello Dana,\n   which printer is it, and what\n   does its "
            "display say? Did\n   you restart it today?",
            "It works.",
        ),
        # Answers between what we asked, without a prefix.
        (
            "which printer is it, and what does its display say?\nThe one on floor 3.\n"
            "Did you restart it today?\nYes, twice.",
            "> which printer is it, and what does its display say?\nThe one on floor 3.\n"
            "> Did you restart it today?\nYes, twice.",
        ),
        # Answers below an Outlook block, which would cut them.
        (
            "See below.\n\nFrom: Ann <a@b.example>\nSent: Monday\nTo: Dana\nSubject: x\n\n"
            "which printer is it, and what does its display say?\nThe one on floor 3.\n"
            "Did you restart it today?\nYes, twice.",
            "See below.\n\n> which printer is it, and what does its display say?\n"
            "The one on floor 3.\n> Did you restart it today?\nYes, twice.",
        ),
        ("Nothing of it is here.", "Nothing of it is here."),
    ),
)
def test_what_we_sent_is_found_in_any_form(text: str, reply: str) -> None:
    assert new_words_of_text(text, sent=(SENT,)).reply == reply


HTML_QUOTES = (
    "It works.<div class=gmail_quote>On Mon Ann wrote:<blockquote>{old}</blockquote></div>",
    "It works.<div id=appendonsend></div><hr><div id=divRplyFwdMsg><b>X:</b> Ann</div>{old}",
    "<p>It works.</p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm "
    "0cm 0cm'><p><b>X:</b> Ann</p></div>{old}",
    "<p>It works.</p><div style='border-right:none; border-top: 1pt solid rgb(225, 225, 225); "
    "padding: 3pt 0cm 0cm;'><p><b>X:</b> Ann</p></div>{old}",
    "It works.<div class=moz-cite-prefix>Dana:</div><blockquote type=cite>{old}</blockquote>",
    "It works.<div id=ydp1yahoo_quoted_2 class=ydp1yahoo_quoted>X: Ann {old}</div>",
    "It works.<div class=protonmail_quote>Ann, Monday<blockquote>{old}</blockquote></div>",
    "It works.<br><blockquote style='border-left:1px solid #0857A6'>{old}</blockquote>",
    "It works.<hr id=zwchr><b>X: </b>Ann<br>{old}",
    "It works.<div id=mail-editor-reference-message-container><div>{old}</div></div>",
    "It works.<div class=front-blockquote>X: Ann<blockquote>{old}</blockquote></div>",
    "It works.<div class=rambler-quote>X, Ann<blockquote>{old}</blockquote></div>",
    "It works.<div><div name=quote><div><b>X:</b> Ann</div>{old}</div></div>",
    "<div>It works.</div><div name=messageReplySection>X: Ann<div>{old}</div></div>",
    "It works.<div class=gmail_quote_attribution>X, Ann</div><blockquote>{old}</blockquote>",
    "It works.<div><p>------</p><p>Кому: D (d@c.example);</p><p>Тема: x;</p><p>02.03.2026, "
    '09:15, "Ann" &lt;a@d.example&gt;:</p></div><blockquote>{old}</blockquote>',
    "It works.<aside>---------- Původní e-mail ----------<br>Od: Ann &lt;a@d.example&gt;<br>"
    "Komu: d@c.example<br>Datum: 2. 3. 2026<br>Předmět: x</aside><div>{old}</div>",
)


@pytest.mark.parametrize("html", HTML_QUOTES)
def test_the_html_of_programs_says_what_is_quoted(html: str) -> None:
    html = html.format(old="<div>the old words, and more of them</div>")
    raw = f"Subject: Re: x\nContent-Type: text/html\n\n{html}".encode()
    reply = parse(raw).reply
    assert reply.startswith("It works.")
    assert "old words" not in reply
