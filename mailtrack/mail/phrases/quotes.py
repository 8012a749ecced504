"""The words that mail programs put around quoted and forwarded mail, by language.

All entries are lower case and are compared with lower-cased, blank-folded text. Sources are the
programs' own: Gmail, Outlook, Apple Mail, Thunderbird, Yandex, mail.ru, Yahoo, GMX, Zimbra.
"""

from __future__ import annotations

from typing import Final

from mailtrack.mail.phrases import entries

# "On Monday Ann *wrote*:" Each stands as a word of its own in the line.
ATTRIBUTION_VERBS: Final[tuple[str, ...]] = entries("""
    wrote | writes | писали | вы писали | ви писали | you wrote | napisana przez | has written |
    писал | писала | писал(а) | написал | написала | написал(а) | пишет | написали | писав |
    писав(ла) | написав | написав(ла) | написав(-ла) | написав/ла | написав/написала | пише |
    пише(-а) | пиша | піша | напісаў | напісала | напісаў(ла) | написа | писа | schrieb |
    schreibt | schrieb am | hat geschrieben | schrieben | geschrieben | a écrit | a ecrit |
    écrit | écrivait | à écrit | a écrit : | escribió | escribio | ha escrito | escribía |
    escribe | va escriure | ha escrit | escribiu | ha scritto | scrisse | scrive | scriveva |
    escreveu | escreve | escreveu: | escrevi | schreef | geschreven | schrijft |
    heeft geschreven | skrev | skriver | skrifaði | skrev följande | skrev følgende |
    kirjoitti | kirjoittaa | napisał | napisała | napisał(a) | napisał/a | pisze | napisali |
    napisano | napsal | napsala | napsal(a) | napsal/a | píše | napsal/napsala | napísal |
    napísala | napísal(a) | írta | ezt írta | írt | a scris | scrie | έγραψε | γράφει |
    έγραψαν | έγραψε/αν | yazdı | şunu yazdı | yazmış | şöyle yazdı | tarihinde yazdı |
    je napisao | je napisala | napisao je | napisao/la je | je napisao/la | piše | pise |
    je napisal | napisao | napisala | napisao/la | kirjutas | kirjutab | rakstīja | raksta |
    rašė | parašė | כתב | כתבה | כתב/ה | כתב: | מאת | كتب | كتبت | نوشت | نوشته | كتب: | 写道 |
    寫道 | 写了 | 来信 | 書きました | のメール | さんが書きました | さんは書きました |
    님이 작성 | 님이 씀 | 작성 | 에 작성 | 님이 쓰신 글 | 썼습니다 | đã viết | viết | menulis |
    tulis | เขียนว่า | เขียน | ने लिखा | লিখেছেন | пишува | напиша | написао/ла | shkroi |
    shkruan | დაწერა | წერს | գրել է | жазды | yazıb | idatzi du | skribis | ysgrifennodd |
    skrobh sé | scríobh | nageskryf | aliandika | sumulat | 쓴 글 | のメッセージ | పంపారు |
    எழுதியது
""")

# Those that programs put between a name and a date.
VERBS_BEFORE_DATES: Final[tuple[str, ...]] = entries("""
    wrote | schrieb | hat am | a écrit | escribió | ha scritto | escreveu | schreef | skrev |
    kirjoitti | napisał | napisała | napsal | napsala | napísal | írta | yazdı | написал |
    написала | писал | писала | пишет | написав | написала | пише | kirjutas | rašė
""")

# First words of an attribution, so that its beginning is found when it was wrapped.
ATTRIBUTION_OPENERS: Final[frozenset[str]] = frozenset(
    entries("""
    on | at | in | el | le | il | em | no | am | op | den | dne | dnia | w | dňa | a | pe | în |
    στις | la | à | ons | tor | от | в | на | у | вы | ти | ви | dana | u | dne: | på | kl |
    vào | pada | em: | il: | le: | quoting | zitat | citando | citat | пользователь |
    користувач | user | σε | tarihinde | ב | ב- | בתאריך | في | بتاريخ | в: | op: | während |
    von | from | de | da | od | van | från | fra
    """)
)
WEEKDAYS: Final[tuple[str, ...]] = entries("""
    mon | tue | wed | thu | fri | sat | sun | пн | вт | ср | чт | пт | сб | вс | нд | пон |
    втор | сред | четв | пят | суб | воскр | понед | вівт | серед | четвер | п'ят | нед | mo |
    di | mi | do | fr | sa | so | lun | mar | mer | mié | jeu | jue | ven | vie | sam | sáb |
    dim | dom | gio | sab | seg | ter | qua | qui | sex | pon | wt | śr | czw | pt | sob |
    niedz | ndz | út | st | čt | pá | ne | ut | št | pi | ma | wo | za | zo | vr | mån | tis |
    tors | tor | ons | lör | sön | man | tir | lør | søn | ke | ti | to | pe | la | su | paz |
    pzt | sal | çar | per | cum | cmt | h | k | sze | cs | p | szo | v | joi | vin | sâm | mie |
    δευ | τρι | τετ | πεμ | παρ | σαβ | κυρ | uto | sri | čet | pet | sub | ned
""")

# The names of header lines, by what they name; Outlook writes them in its own language. "sent"
# is what only mail programs say; "date" may also stand in a form that the writer filled in.
HEADER_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "from": entries("""
    from | от | от кого | отправитель | від | від кого | відправник | ад | von | absender | de |
    expéditeur | remitente | da | mittente | van | afzender | od | nadawca | odesílatel |
    odosielateľ | från | avsändare | fra | avsender | afsender | lähettäjä | lähde | feladó |
    kimden | gönderen | kimden: | de la | expeditor | από | αποστολέας | saatja | kellelt | no |
    nuo | siuntėjas | מאת | من | المرسل | از | 发件人 | 寄件者 | 寄件人 | 差出人 | 送信者 |
    보낸 사람 | 보낸사람 | từ | người gửi | dari | pengirim | จาก | frá | šalje | pošiljatelj |
    пошиљалац | подател | испраќач
    """),
    "sent": entries("""
    sent | отправлено | дата отправки | надіслано | відправлено | надіслане | адпраўлена |
    изпратено | gesendet | gesendet am | envoyé | envoyé le | date d'envoi | enviado |
    enviado el | enviada em | enviado em | enviada | data de envio | inviato | inviata |
    verzonden | verzonden op | wysłano | wysłane | data wysłania | odesláno | odoslané |
    datum odeslání | skickat | sendt | lähetetty | elküldve | küldve | küldés ideje |
    gönderildi | gönderme tarihi | gönderilme tarihi | trimis | στάλθηκε | εστάλη | saadetud |
    nosūtīts | išsiųsta | נשלח | تم الإرسال | تاريخ الإرسال | أرسل | ارسال شده | 发送时间 |
    发送日期 | 傳送時間 | 寄件日期 | 寄件時間 | 傳送日期 | 送信日時 | 보낸 날짜 | 보낸날짜 |
    đã gửi | terkirim | dikirim | ส่งเมื่อ | sent at | poslano | послато | пратено
    """),
    "date": entries("""
    date | received | дата | время | datum | fecha | data | dátum | dato | päivämäärä |
    päiväys | päivä | tarih | ημερομηνία | kuupäev | datums | תאריך | التاريخ | تاریخ | 日期 |
    时间 | 日付 | 日時 | 날짜 | ngày | tanggal | วันที่
    """),
    "to": entries("""
    to | кому | кому: | получатель | каму | до | an | empfänger | à | a | pour | para |
    destinataire | destinatario | aan | do | adresat | komu | pro | till | til | vastaanottaja |
    címzett | kime | alıcı | către | catre | προς | saaja | adresaat | kellele | kam | kam: |
    kam, | kam. | kam; | гост | אל | עבור | إلى | الى | به | 收件人 | 收件者 | 宛先 |
    받는 사람 | 받는사람 | đến | tới | kepada | ke | ถึง | za | prima | за
    """),
    "cc": entries("""
    cc | bcc | копия | копія | копия: | kopie | kopie (cc) | copie | copie à | copia | cópia |
    kopia | dw | udw | do wiadomości | kopio | másolatot kap | másolat | bilgi | κοιν |
    κοινοποίηση | koopia | עותק | نسخة | 抄送 | 副本 | 참조 | đồng gửi | tembusan | สำเนา |
    kópia | kopija | kopi
    """),
    "subject": entries("""
    subject | тема | тэма | тема письма | betreff | objet | sujet | asunto | oggetto | assunto |
    onderwerp | temat | předmět | predmet | ämne | emne | aihe | tárgy | konu | subiect | θέμα |
    teema | tēma | tema | נושא | الموضوع | موضوع | 主题 | 主旨 | 件名 | 제목 | chủ đề |
    tiêu đề | subjek | perihal | judul | เรื่อง | zadeva | относно | предмет | efni | re |
    subj | assumpte
    """),
    "other": entries("""
    importance | reply-to | reply to | priority | attachments | важность | приоритет |
    вложения | ответить | пріоритет | важливість | вкладення | wichtigkeit | priorität |
    anlagen | anhang | antwort an | importance : | pièces jointes | importancia |
    datos adjuntos | importanza | prioridade | anexos | priorytet | ważność | załączniki |
    důležitost | urgentie | bijlagen | message-id | mailed-by | organization | organisation |
    sensitivity | answer to | replyto | repondre à | répondre à | antwort an: | reply-to: |
    resent-from | sender | on behalf of | signed by
    """),
}

# A line of dashes around one of these opens the mail that is answered.
REPLY_SEPARATORS: Final[tuple[str, ...]] = entries("""
    original message | original appointment | original mail | original email | reply message |
    original e-mail | message original | исходное сообщение | оригинальное сообщение |
    первоначальное сообщение | оригинал сообщения | исходное письмо | оригинальное письмо |
    конец исходного сообщения | вихідне повідомлення | оригінальне повідомлення |
    початкове повідомлення | первинне повідомлення | оригінал повідомлення | оригінальний лист |
    исходное сообщение: | арыгінальнае паведамленне | оригинално съобщение | оригинална порука |
    оригинална порака | ursprüngliche nachricht | originalnachricht | ursprüngliche mail |
    original-nachricht | originalmail | ursprüngliche e-mail | antwort weiter unten |
    message d'origine | message initial | courriel original | mail original | e-mail d'origine |
    mensaje original | correo original | mensagem original | email original |
    messaggio originale | messaggio originario | oorspronkelijk bericht | origineel bericht |
    oorspronkelijke e-mail | ursprungligt meddelande | originalmeddelande | ursprungligt mail |
    oprindelig meddelelse | original meddelelse | opprinnelig melding | original melding |
    opprinnelig beskjed | alkuperäinen viesti | alkuperäinen sähköposti | wiadomość oryginalna |
    oryginalna wiadomość | pierwotna wiadomość | wiadomość pierwotna |
    treść oryginalnej wiadomości | původní zpráva | původní e-mail | pôvodný e-mail |
    originální zpráva | pôvodná správa |
    eredeti üzenet | eredeti levél | mesaj original | mesajul original | mesajul inițial |
    αρχικό μήνυμα | orijinal mesaj | özgün ileti | orijinal ileti | originalna poruka |
    izvorna poruka | izvirno sporočilo | algne kiri | algne sõnum | sākotnējais ziņojums |
    pradinis pranešimas | originalus pranešimas | הודעה מקורית | الرسالة الأصلية | رسالة أصلية |
    پیام اصلی | 元のメッセージ | 原始邮件 | 原始郵件 | 邮件原件 | 原邮件 | 원본 메시지 |
    원본 메일 | 원본메일 | thư gốc | tin nhắn gốc | pesan asli | ข้อความเดิม | quoted message |
    previous message | upprunaleg skilaboð | missatge original
""")

# A line with one of these opens a forwarded mail.
FORWARD_SEPARATORS: Final[tuple[str, ...]] = entries("""
    forwarded message | forwarded mail | forwarded email | forwarded by |
    begin forwarded message | start of forwarded message | forwarded appointment |
    forward message | пересылаемое сообщение | пересланное сообщение | пересылаемое письмо |
    пересланное письмо | переадресованное сообщение | начало пересылаемого сообщения |
    начало переадресованного сообщения | начало пересланного сообщения |
    перенаправленное сообщение | переслане повідомлення | пересилане повідомлення |
    переадресоване повідомлення | початок пересланого повідомлення |
    початок переадресованого повідомлення | початок листа, що пересилається |
    пераслалае паведамленне | перасланае паведамленне | препратено съобщение |
    прослеђена порука | weitergeleitete nachricht | anfang der weitergeleiteten nachricht |
    anfang der weitergeleiteten e-mail | weitergeleitete mail | weitergeleitet von |
    message transféré | message transmis | début du message transféré |
    début du message réexpédié | message réexpédié | mensaje reenviado |
    inicio del mensaje reenviado | mensagem encaminhada | início da mensagem encaminhada |
    início da mensagem reencaminhada | mensagem reencaminhada | messaggio inoltrato |
    inizio messaggio inoltrato | inizio del messaggio inoltrato | doorgestuurd bericht |
    begin doorgestuurd bericht | begin van doorgestuurd bericht | vidarebefordrat meddelande |
    vidarebefordrat brev | börja vidarebefordrat meddelande | vidarebefordrat mail |
    videresendt meddelelse | videresendt besked | start på videresendt besked |
    videresendt melding | begynnelsen på videresendt melding | start på videresendt melding |
    videresendt e-post | välitetty viesti | välitetty viesti alkaa | edelleenlähetetty viesti |
    przekazana wiadomość | wiadomość przekazana dalej | przesłana wiadomość |
    początek przekazywanej wiadomości | początek przekazanej wiadomości |
    treść przekazanej wiadomości | wiadomość przekazana | přeposlaná zpráva |
    začátek přeposílané zprávy | předávaná zpráva | preposlaná správa |
    začiatok preposlanej správy | továbbított üzenet | továbbított levél |
    a továbbított üzenet kezdete | mesaj redirecționat | mesaj redirectionat |
    începutul mesajului redirecționat | προωθημένο μήνυμα | έναρξη προωθημένου μηνύματος |
    iletilen mesaj | yönlendirilmiş ileti | iletilmiş ileti başlangıcı | yönlendirilen ileti |
    proslijeđena poruka | posredovano sporočilo | prosleđena poruka | edastatud kiri |
    edastatud sõnum | pārsūtīts ziņojums | persiųstas laiškas | persiųstas pranešimas |
    הודעה שהועברה | תחילת ההודעה שהועברה | رسالة معاد توجيهها | الرسالة المعاد توجيهها |
    پیام ارسال‌شده | 转发的邮件 | 转发邮件 | 轉寄郵件 | 转发的信件 | 轉寄的郵件 | 已转发邮件 |
    转发信息 | 開始轉寄郵件 | 転送されたメッセージ | 転送メッセージ | 転送されたメール |
    전달된 메시지 | 전달된 메일 | 전달 메일 | thư đã chuyển tiếp | tin nhắn đã chuyển tiếp |
    pesan terusan | pesan yang diteruskan | ข้อความที่ส่งต่อ | missatge reenviat
""")

# A line of dashes with one of these closes a forwarded mail.
FORWARD_ENDS: Final[tuple[str, ...]] = entries("""
    end forwarded message | end of forwarded message | end of message | end message |
    завершение пересылаемого сообщения | конец пересылаемого сообщения |
    конец пересланного сообщения | конец переадресованного сообщения |
    кінець пересланого повідомлення | кінець переадресованого повідомлення |
    ende der weitergeleiteten nachricht | fin du message transféré | fin del mensaje reenviado |
    fine messaggio inoltrato | koniec przekazywanej wiadomości | koniec przekazanej wiadomości
""")

# "Sent from my phone": a whole line that begins so and is short is nobody's words.
MOBILE_FOOTERS: Final[tuple[str, ...]] = entries("""
    sent from my | sent from iphone | sent from ipad | sent from a mobile | sent from mobile |
    sent from outlook | sent from yahoo mail | sent from mail for windows | sent from proton |
    sent from samsung | sent from gmail | sent from the | sent from an |
    sent from windows mail | sent from android | sent from mailbird | sent from bluemail |
    sent from spark | sent with spark | sent with proton | sent with airmail |
    sent with mailtrack | sent with sparrow | sent using | sent via | sent by mobile |
    get outlook for | download outlook for | get bluemail for | typed on my | via mobile |
    via iphone | composed on my | secured with proton | отправлено с | отправлено из |
    отправлено через | послано с | написано с | отправлено от | скачать outlook |
    получите outlook | получить outlook | отправил с | надіслано з | надіслано із |
    надіслано через | відправлено з | відправлено із | надіслано за допомогою |
    відправлено через | завантажити outlook | отримати outlook | отримайте outlook | послано з |
    надіслано від | von meinem | gesendet von | gesendet mit | gesendet über |
    diese nachricht wurde von meinem | holen sie sich outlook | outlook für | von unterwegs |
    vom iphone gesendet | von meinem iphone gesendet | versendet mit |
    mit proton mail gesendet | envoyé de mon | envoyé depuis | envoyé à partir | envoyé avec |
    télécharger outlook | obtenir outlook | envoyé par | enviado desde | enviado con |
    obtener outlook | enviado do | enviado de | enviado pelo | enviado a partir |
    obter outlook | enviado via | enviado com | inviato da | inviato dal | inviato con |
    scarica outlook | ottieni outlook | verzonden vanaf | verstuurd vanaf | verzonden met |
    verstuurd met | verstuurd vanuit | outlook voor | download outlook voor | skickat från |
    hämta outlook | sendt fra | sendt med | hent outlook | få outlook | lähetetty |
    hanki outlook | wysłane z | wysłano z | wysłane przez | pobierz outlook |
    pobierz program outlook | wysłane za pomocą | odesláno z | odoslané z | získat outlook |
    stáhnout outlook | küldve | elküldve | trimis de pe | trimis din | στάλθηκε από |
    εστάλη από | iphone'umdan gönderildi | gönderildi | outlook'u | poslano s | poslano iz |
    saadetud minu | נשלח מ | أرسلت من | تم الإرسال من | مرسل من | 发自我的 | 发自 | 從我的 |
    從 iphone | iphoneから送信 | ipadから送信 | 나의 iphone에서 보냄 | 내 iphone에서 보냄 |
    được gửi từ | đã gửi từ | gửi từ | dikirim dari
""")

# Farewells: the line is one of these, give or take marks; what follows is a name. Thanks are
# no farewell: they are what many answers consist of.
FAREWELLS: Final[frozenset[str]] = frozenset(
    entries("""
    regards | best regards | kind regards | warm regards | kindest regards | with best regards |
    with kind regards | many thanks and regards | thanks and regards | thanks & regards |
    best wishes | with best wishes | rgds | brgds | br | kr | sincerely | sincerely yours |
    yours sincerely | yours faithfully | yours truly | faithfully yours | respectfully |
    cheers | best | all the best | cordially | warmly | yours | take care | warmest regards |
    kind regards / mit freundlichen grüßen | с уважением | с наилучшими пожеланиями |
    с уважением и наилучшими пожеланиями | искренне ваш | искренне ваша | всего доброго |
    всего хорошего | с почтением | с благодарностью | наилучшие пожелания | с ув | з повагою |
    з найкращими побажаннями | щиро ваш | щиро ваша | усього найкращого | всього найкращого |
    на все добре | з вдячністю | з пошаною | всього доброго | усього доброго |
    з найкращими побажанням | із повагою | з павагай | mit freundlichen grüßen |
    mit freundlichem gruß | freundliche grüße | viele grüße | liebe grüße | beste grüße |
    mit besten grüßen | herzliche grüße | schöne grüße | mfg | vg | lg |
    mit freundlichen gruessen | viele gruesse | gruß | grüße | mit freundlichen grüssen |
    freundliche grüsse | beste grüsse | hochachtungsvoll | mit herzlichen grüßen |
    schönen gruß | viele liebe grüße | mit vielen grüßen | bg | cordialement |
    bien cordialement | bien à vous | sincères salutations | meilleures salutations |
    salutations | très cordialement | cdt | cdlt | bonne journée | amicalement |
    respectueusement | salutations distinguées | saludos | un saludo | saludos cordiales |
    atentamente | un cordial saludo | cordialmente | saludos cordiales, |
    reciba un cordial saludo | atte | un abrazo | saluti | cordiali saluti | distinti saluti |
    un saluto | un cordiale saluto | cordialità | a presto | saludos, | atenciosamente |
    cumprimentos | melhores cumprimentos | com os melhores cumprimentos | abraços | att |
    saudações | cordiais saudações | met vriendelijke groet | met vriendelijke groeten |
    vriendelijke groet | vriendelijke groeten | groet | groeten | mvg | hartelijke groet |
    met groet | hoogachtend | pozdrawiam | pozdrawiam serdecznie | z poważaniem | z powazaniem |
    serdecznie pozdrawiam | z wyrazami szacunku | serdeczne pozdrowienia | pozdrowienia |
    z pozdrowieniami | łączę pozdrowienia | łączę wyrazy szacunku | s pozdravem |
    s přátelským pozdravem | s pozdravom | hezký den | s úctou | zdravím |
    s přáním hezkého dne | lp | lep pozdrav | s poštovanjem | srdačan pozdrav | pozdrav |
    с поштовањем | поздрав | с уважение | поздрави | med vänlig hälsning |
    med vänliga hälsningar | vänliga hälsningar | vänligen | mvh | hälsningar |
    bästa hälsningar | vh | med venlig hilsen | venlig hilsen | hilsen | kh |
    de bedste hilsner | bedste hilsner | vennlig hilsen | med vennlig hilsen | mvh. |
    beste hilsen | kærlig hilsen | de bedste hilsener | hilsner | hej hej |
    ystävällisin terveisin | terveisin | t | yt | parhain terveisin | üdvözlettel |
    tisztelettel | üdv | szép napot | cu stimă | cu respect | o zi bună | cu drag |
    με εκτίμηση | φιλικά | με φιλικούς χαιρετισμούς | saygılarımla | saygılar | iyi çalışmalar |
    iyi günler | lugupidamisega | parimate soovidega | ar cieņu | pagarbiai | בברכה |
    בברכה רבה | مع تحياتي | تحياتي | با احترام | 此致 | 敬礼 | 祝好 | 顺祝商祺 |
    よろしくお願いいたします | よろしくお願いします | 敬具 | trân trọng | hormat saya | salam |
    danke und gruß | vielen dank und viele grüße
    """)
)

# Subjects of forwarded mail: the outermost prefix.
FORWARD_PREFIXES: Final[frozenset[str]] = frozenset(
    entries("""
    fwd | fw | wg | tr | rv | i | enc | doorst | vb | vs | vl | vidarebefordrat | videresendt |
    pd | přep | tov | továbbítás | пересл | переслано | пер | fwd. | переадр | 转发 | 轉寄 |
    転送 | 전달 | rif | i: | ilt | προώθ | proslijeđeno | fs | wtr | reenviado | reenv | res
    """)
)
REPLY_PREFIXES: Final[frozenset[str]] = frozenset(
    entries("""
    re | aw | antw | antwort | sv | vs | odp | re: | ответ | отв | відп | відповідь | на | ref |
    rép | rép. | r | rif | ynt | atb | vá | 回复 | 回覆 | 答复 | 返信 | 회신 | 답장 | res |
    résp | σχετ | απ | bls | ad | תגובה | trả lời | bal | yan
    """)
)

# Footers that mailing lists and notifying systems add below everything.
LIST_FOOTERS: Final[tuple[str, ...]] = entries("""
    mailing list | mailinglist | mailing-list | /mailman/ | listinfo | to unsubscribe |
    unsubscribe | you received this message because | you are receiving this because |
    you are receiving this email because | mailingliste | lista de correo | liste de diffusion |
    список рассылки | отписаться | список розсилки | відписатися |
    reply to this email directly | groups.google.com | yahoogroups | sourceforge.net/lists
""")
