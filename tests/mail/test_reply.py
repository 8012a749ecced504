"""The new words of a reply: what real programs make of it, in tables, then in properties."""

from __future__ import annotations

import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.mail.facts import MailFacts
from mailtrack.mail.markers import MARKERS
from mailtrack.mail.parse import parse
from mailtrack.mail.reply import (
    LINES_LOOKED_AT,
    NewWords,
    new_words,
    new_words_of_text,
)

REPLIES = sorted((Path(__file__).parent / "replies").glob("*.eml"))


def facts_of(text: str, *, subject: str = "Re: x", html: str | None = None) -> MailFacts:
    return MailFacts(
        message=EmailMessage(),
        headers=(("subject", subject),),
        parts=(),
        subject=subject,
        sender=None,
        sender_email_shown="",
        text=text,
        html=html,
    )


@pytest.mark.parametrize("path", REPLIES, ids=lambda path: path.stem)
def test_a_reply_of_a_real_program_is_cut_exactly(path: Path) -> None:
    wanted = path.with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n")
    assert parse(path.read_bytes()).reply == wanted


def test_there_are_replies_of_ten_programs_in_five_languages() -> None:
    assert len(REPLIES) >= 50
    assert {path.stem.rpartition("-")[2] for path in REPLIES} == {"ru", "uk", "en", "de", "pl"}


# One line a program puts above what it quotes, in its languages; the quote below has no prefix
# in the second half of the table, as when HTML was turned into text.
ABOVE_QUOTES = (
    "On Mon, Mar 2, 2026 at 9:15 AM Ann Lee <ann@desk.example> wrote:",
    "On 02/03/2026 09:15, Ann Lee wrote:",
    "On Monday, March 2nd, 2026 at 9:15 AM, Ann Lee <ann@desk.example> wrote:",
    "пн, 2 мар. 2026 г. в 09:15, Ann Lee <ann@desk.example>:",
    "2 марта 2026 г., в 09:15, Ann Lee <ann@desk.example> написал(а):",
    "02.03.2026 09:15, Ann Lee пишет:",
    'Понедельник, 2 марта 2026, 9:15 +03:00 от "Ann Lee" <ann@desk.example>:',
    '02.03.2026, 09:15, "Ann Lee" <ann@desk.example>:',
    '02.03.2026 14:20 пользователь "Ann Lee" <ann@desk.example> написал:',
    "пн, 2 бер. 2026 р. о 09:15 Ann Lee <ann@desk.example> пише:",
    "02.03.26 09:15, Ann Lee пише:",
    "Понеділок, 2 березня 2026, 9:15 +02:00 від Ann Lee <ann@desk.example>:",
    "Am Mo., 2. März 2026 um 09:15 Uhr schrieb Ann Lee <ann@desk.example>:",
    "Am 02.03.26 um 09:15 schrieb Ann Lee:",
    "Le lun. 2 mars 2026 à 09:15, Ann Lee <ann@desk.example> a écrit :",
    "El lun, 2 mar 2026 a las 9:15, Ann Lee (<ann@desk.example>) escribió:",
    "Il giorno lun 2 mar 2026 alle ore 09:15 Ann Lee <ann@desk.example> ha scritto:",
    "Em seg., 2 de mar. de 2026 às 09:15, Ann Lee <ann@desk.example> escreveu:",
    "Op ma 2 mrt 2026 om 09:15 schreef Ann Lee <ann@desk.example>:",
    "Den mån 2 mars 2026 kl 09:15 skrev Ann Lee <ann@desk.example>:",
    "man. 2. mar. 2026 kl. 09.15 skrev Ann Lee <ann@desk.example>:",
    "ma 2. maalisk. 2026 klo 9.15 Ann Lee (ann@desk.example) kirjoitti:",
    "pon., 2 mar 2026 o 09:15 Ann Lee <ann@desk.example> napisał(a):",
    "W dniu 2.03.2026 o 09:15, Ann Lee pisze:",
    "po 2. 3. 2026 v 9:15 odesílatel Ann Lee <ann@desk.example> napsal:",
    "po 2. 3. 2026 o 9:15 Ann Lee <ann@desk.example> napísal(a):",
    "Ann Lee <ann@desk.example> ezt írta (időpont: 2026. márc. 2., H, 9:15):",
    "În lun., 2 mar. 2026 la 09:15, Ann Lee <ann@desk.example> a scris:",
    "Στις Δευ 2 Μαρ 2026 στις 9:15 π.μ., ο χρήστης Ann Lee <ann@desk.example> έγραψε:",
    "Ann Lee <ann@desk.example>, 2 Mar 2026 Pzt, 09:15 tarihinde şunu yazdı:",
    "На пн, 2.03.2026 г. в 9:15 Ann Lee <ann@desk.example> написа:",
    "pon, 2. ožu 2026. u 09:15 Ann Lee <ann@desk.example> napisao je:",
    "Kuupäev E, 2. märts 2026 kell 09:15 kirjutas Ann Lee <ann@desk.example>:",
    "2026年3月2日(月) 9:15 Ann Lee <ann@desk.example>:",
    "Ann Lee <ann@desk.example> 于2026年3月2日周一 09:15写道：",
    '在 2026-03-02 09:15:00，"Ann Lee" <ann@desk.example> 写道：',
    "2026년 3월 2일 (월) 오전 9:15, Ann Lee <ann@desk.example>님이 작성:",
    "Vào Th 2, 2 thg 3, 2026 vào lúc 09:15 Ann Lee <ann@desk.example> đã viết:",
    "\u202bבתאריך יום ב׳, 2 במרץ 2026 ב-9:15 מאת \u202aAnn Lee\u202c "
    "<\u202aann@desk.example\u202c>:\u202c",
    "في الاثنين، 2 مارس 2026 في 9:15 ص تمت كتابة ما يلي بواسطة Ann Lee <ann@desk.example>:",
    "Wiadomość napisana przez Ann Lee <ann@desk.example> w dniu 2 mar 2026, o godz. 09:15:",
    "Ann Lee wrote on 3/2/26 9:15 AM:",
    "Ann Lee schrieb am 02.03.2026 um 09:15:",
    "Ann Lee <ann@desk.example> hat am 02.03.2026 09:15 CET geschrieben:",
    "Ann Lee kirjoitti 2.3.2026 klo 9.15:",
    "Dne 02. 03. 26 v 9:15 Ann Lee napsal(a):",
    "Dňa 2. 3. 2026 o 9:15 Ann Lee napísal(a):",
    "2026. 03. 02. 9:15 keltezéssel, Ann Lee írta:",
    "2026. 3. 2. 오전 9:15, Ann Lee 이(가) 쓴 글:",
    "На 02.03.2026 в 09:15, Ann Lee пишува:",
    "Mon, 2 Mar 2026 09:15 Ann Lee ann@desk.example:",
    "ann@desk.example schreef op 2026-03-02 09:15:",
    "Ann Lee <ann@desk.example> escreveu no dia segunda, 2/03/2026 à(s) 09:15:",
    "Pada tanggal Sen, 2 Mar 2026 pukul 09.15 Ann Lee <ann@desk.example> menulis:",
    "ในวันที่ จ. 2 มี.ค. 2026 เวลา 09:15 Ann Lee <ann@desk.example> เขียนว่า:",
    "सोम, 2 मार्च 2026 को 9:15 am बजे को Ann Lee <ann@desk.example> ने लिखा:",
    "Pirmd., 2026. g. 2. marts, plkst. 09:15 — Ann Lee (<ann@desk.example>) rakstīja:",
    "al. 2026(e)ko mar. 2(a) 09:15 (Ann Lee <ann@desk.example>) igorleak hau idatzi du:",
    "E hën, 2 mar 2026 në 9:15 Ann Lee <ann@desk.example> shkroi:",
)
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


# Lines of the writer's own that look a little like a program's.
WRITERS_OWN = (
    "From: Berlin\nTo: Paris\nDate: 5 May\nPlease book this.",
    "From: the display I copied this.\nIt says 12:30.",
    "Here is what I tried on 5 May 2026 at 10:00:\nI pulled the plug.",
    "On Monday I will try again:\n1. cable\n2. paper",
    "My colleague wrote:\nplease fix it",
    "The error is: connection to a@b.example at 10:15 failed",
    "Subject: the printer\nIt burns.",
    "a -- b\n-----\nc",
    "Sent from my desk, which is easier than my phone, and without a typo.",
    "if x > 3:\n    y = x >> 2",
    "----\n\nOriginal messages are lost.",
    "Best regards to Ann, who fixed it last time.",
    "- one\n- Two",
)


@pytest.mark.parametrize("text", WRITERS_OWN)
def test_what_the_writer_wrote_is_kept_when_unsure(text: str) -> None:
    assert (
        new_words_of_text(f"Hello,\n\n{text}\n\nThank you!").reply
        == f"Hello,\n\n{text}\n\nThank you!"
    )


def test_s22_inline_answers_are_kept_with_what_they_answer() -> None:
    text = "On 2 Mar 2026, at 9:15, Ann wrote:\n\n> q1\n\na1\n\n> q2\n\na2\n\n> bye"
    found = new_words_of_text(text)
    assert found.reply == "> q1\n\na1\n\n> q2\n\na2"
    assert found.rule == "attribution, inline"


def test_s22_inline_answers_without_blank_lines_are_kept() -> None:
    assert new_words_of_text("> q1\na1\n> q2\na2").reply == "> q1\na1\n> q2\na2"


def test_the_bat_quotes_with_initials() -> None:
    text = (
        "Здравствуйте, Анна.\n\nВы писали 2 марта 2026 г., 9:15:00:\n\nАП> Какой принтер?\n"
        "АП> И что на экране?\n\nТот, что у кухни.\n\n-- \nС уважением,\n Дана"
    )
    found = new_words_of_text(text)
    assert found.reply == "Здравствуйте, Анна.\n\nТот, что у кухни."


@pytest.mark.parametrize(
    "text", ("SQL> select 1;\nSQL> exit", "I typed\n\nC> dir\nC> cls\n\nYes.")
)
def test_a_prompt_is_no_quote(text: str) -> None:
    assert new_words_of_text(text).reply == text


def test_a_mark_of_what_was_left_out_belongs_to_the_quote() -> None:
    text = "On 2 Mar 2026, at 9:15, Ann wrote:\n[...]\n> old\n\nIt works."
    assert new_words_of_text(text).reply == "It works."


def test_a_signature_below_inline_answers_is_folded() -> None:
    found = new_words_of_text("> q1\n\na1\n\n> q2\n\na2\n\n-- \nDana")
    assert (found.reply, found.signature) == ("> q1\n\na1\n\n> q2\n\na2", "-- \nDana")


def test_the_writers_own_quotation_stays_in_its_place() -> None:
    text = "The manual says\n\n> press F1\n\nbut there is no F1."
    assert new_words_of_text(text).reply == text


def test_a_first_mail_keeps_what_it_quotes_at_its_end() -> None:
    text = "The program says\n\n> error 79"
    assert new_words(facts_of(text, subject="Printer")).reply == text
    assert new_words(facts_of(text, subject="Re: Printer")).reply == "The program says"


def test_an_answer_below_the_quote_stands_alone() -> None:
    found = new_words_of_text("On 2 Mar 2026, at 9:15, Ann wrote:\n> q1\n> q2\n\nYes.\n")
    assert found.reply == "Yes."


def test_s23_a_reply_that_only_quotes_has_no_new_words() -> None:
    found = new_words_of_text("On 2 Mar 2026, at 9:15, Ann wrote:\n> q1\n> q2\n")
    assert found == NewWords("", True, "attribution", found.quoted)
    assert "> q2" in found.quoted


def test_s23_a_quote_in_html_only_has_no_new_words() -> None:
    html = '<div class="gmail_attr">On Mon Ann wrote:</div><blockquote>old words</blockquote>'
    assert new_words(facts_of("On Mon Ann wrote:\n\nold words", html=html)).reply == ""


@pytest.mark.parametrize(
    "text",
    (
        "FYI\n\n---------- Forwarded message ---------\nFrom: Ann <ann@desk.example>\n"
        "Date: Mon, 2 Mar 2026\nSubject: x\nTo: b@c.example\n\nold words\n\n-- \nAnn",
        "Begin forwarded message:\n\n> From: Ann <ann@desk.example>\n> Subject: x\n> \n> old",
        "-------- Пересылаемое сообщение --------\nОт кого: Анна <ann@desk.example>\n\nтекст",
    ),
)
def test_s24_a_forwarded_mail_is_kept_whole(text: str) -> None:
    found = new_words(facts_of(text, subject="x"))
    assert (found.reply, found.rule) == (text, "forward")


@pytest.mark.parametrize(
    "subject", ("Fwd: x", "FW: x", "WG: x", "TR: x", "[Fwd: x]", "Пересл: x")
)
def test_s24_a_header_block_under_a_forwards_subject_is_kept(subject: str) -> None:
    text = "see below\n\nFrom: Ann <a@b.example>\nSent: Monday\nTo: me\nSubject: x\n\nold words"
    assert new_words(facts_of(text, subject=subject)).reply == text


def test_a_forward_inside_a_quote_does_not_save_the_quote() -> None:
    text = (
        "It works.\n\nOn 2 Mar 2026, at 9:15, Ann <a@b.example> wrote:\n> see\n"
        "> ---------- Forwarded message ---------\n> From: x <x@y.example>"
    )
    assert new_words_of_text(text).reply == "It works."


def test_s25_a_diff_is_kept_and_the_signature_folded() -> None:
    diff = "--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n a\n--\n-b\n+c"
    signature = "\n".join(f"line {number}" for number in range(12))
    found = new_words_of_text(f"My change:\n\n{diff}\n\n-- \n{signature}\n")
    assert found.reply == f"My change:\n\n{diff}"
    assert found.signature.startswith("-- \nline 0")


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


@pytest.mark.parametrize(
    "text",
    (
        "Thanks!",
        "Спасибо!",
        "Best regards,\nDana",
        "It works.\n\nBest regards,\nDana\n\nPS: please call me before noon.",
        "It works.\n\nRegards\n\nWhy is it so slow, by the way?",
        "Thanks,\nDana",
        "Sent from my iPhone",
    ),
)
def test_words_are_no_signature(text: str) -> None:
    assert new_words_of_text(text).reply == text


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


def test_an_answer_below_the_quoted_marker_is_kept() -> None:
    text = f"> {MARKERS['en']}\n> old words\n\nIt works."
    assert new_words_of_text(text).reply == "It works."


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


def test_short_words_of_ours_say_nothing() -> None:
    assert new_words_of_text("Yes\n\nIvan", sent=("Yes\n\nIvan",)).reply == "Yes\n\nIvan"


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


@pytest.mark.parametrize(
    "line",
    (
        "He wrote on 02.03.2026 at 09:15:",
        "The log of the printer wrote on 02.03.2026 at 09:15:",
        "Please call before 02.03.2026 09:15:",
        "--------\nTo: the printer",
    ),
)
def test_a_writers_own_words_that_look_like_a_programs_are_kept(line: str) -> None:
    text = f"It burns.\n\n{line}\nfirst\nsecond"
    assert new_words_of_text(text).reply == text


def test_a_quotation_in_html_that_the_writer_made_stays() -> None:
    html = "<p>The manual says</p><blockquote>press F1</blockquote><p>but there is none.</p>"
    raw = f"Subject: x\nContent-Type: text/html\n\n{html}".encode()
    assert "> press F1" in parse(raw).reply.replace(">  ", "> ")


def test_a_first_mail_that_begins_with_headers_keeps_its_words() -> None:
    text = "From: a@b.example\nSent: Monday\nTo: me\nSubject: x\n\nThe printer burns."
    assert "The printer burns." in new_words(facts_of(text, subject="x")).reply


_WORDS = st.text(alphabet="abcdefgh АБВ éß漢 ,.?", min_size=1, max_size=40)
_BITS = st.one_of(
    _WORDS,
    st.sampled_from(
        (
            "",
            "> old",
            ">",
            ">> older",
            "On 2 Mar 2026, at 9:15, Ann <a@b.example> wrote:",
            '02.03.2026, 09:15, "Ann" <a@b.example>:',
            "From: Ann <a@b.example>",
            "Sent: Monday",
            "To: Dana",
            "Subject: x",
            "-----Original Message-----",
            "Begin forwarded message:",
            "-- ",
            "________________________________",
            "Best regards,",
            "Sent from my iPhone",
            MARKERS["en"],
            "\u202b",
            "\x00",
        )
    ),
)


@given(st.lists(_WORDS, min_size=1, max_size=12), st.sampled_from(ABOVE_QUOTES))
def test_no_line_above_the_quote_is_lost(lines: list[str], above: str) -> None:
    found = new_words_of_text("\n".join([*lines, "", above, "> old words", "> more"]))
    kept = f"{found.reply}\n{found.signature}".split("\n")
    for line in lines:
        assert line.strip() in [kept_line.strip() for kept_line in kept]


@given(st.lists(_BITS, max_size=30), st.booleans())
def test_each_line_is_new_or_quoted_or_signature(lines: list[str], know_sent: bool) -> None:
    text = "\n".join(lines)
    found = new_words_of_text(text, sent=("old words of ours, " * 3,) if know_sent else ())
    all_kept = f"{found.reply}\n{found.quoted}\n{found.signature}".split("\n")
    kept = {line.strip().removeprefix("> ") for line in all_kept}
    for line in lines:
        assert not line.strip(" >") or line.strip().removeprefix("> ") in kept


@given(st.text(max_size=2000), st.text(max_size=500), st.text(max_size=20))
def test_any_text_has_an_answer(text: str, sent: str, subject: str) -> None:
    found = new_words(facts_of(text, subject=subject, html=text), sent=(sent,))
    assert isinstance(found.reply, str)


HOSTILE = {
    "prefixes": "> > > " * 17_000,
    "quoted lines": "> > > x\n" * 12_000,
    "attributions": "On x wrote:\n" * 8_500,
    "dated attributions": "On 5 May 2024 10:00 Bob <a@b.c> wrote:\n> x\n" * 2_300,
    "colons": "a:\n" * 33_000,
    "headers": "From: a@b.c\n" * 8_500,
    "header pairs": "From: x\nTo: y\nx\n" * 6_000,
    "dashes": "-" * 100_000,
    "rules": "-----\n" * 17_000,
    "delimiters": "-- \n" * 30_000,
    "farewells": "Regards\nBob\n" * 9_000,
    "one line": "On " + "x " * 50_000 + "wrote:",
    "digits": "1" * 100_000 + ":",
    "blank lines": "\n" * 100_000,
    "ats": "@" * 100_000,
    "nested quotes": "<blockquote>" * 8_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_costs_little(name: str) -> None:
    text = HOSTILE[name]
    started = time.process_time()
    new_words(facts_of(text, html=text), sent=(text,))
    # 50 ms is the aim on a quiet machine; what is tested is that nothing is quadratic.
    assert time.process_time() - started < 0.5


def test_lines_past_the_bound_are_kept_or_quoted_whole() -> None:
    long = "\n".join(["word"] * (LINES_LOOKED_AT + 10))
    assert new_words_of_text(long).reply == long
    quoted = f"It works.\n\nOn 2 Mar 2026, at 9:15, Ann wrote:\n{long}\n\nOn 1 Mar"
    assert new_words_of_text(quoted).reply.startswith("It works.")
