"""What programs write above a quote, and a mail around a text: for the tests of replies."""

from email.message import EmailMessage

from mailtrack.mail.facts import MailFacts

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
