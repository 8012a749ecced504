"""What automatic mail says of itself: subjects, sender names and first words, by language.

All entries are lower case and are compared with lower-cased text. Subjects are anchored: they
begin with an entry, so that ``Re: Automatic reply`` written by a person stays a person's.
"""

from __future__ import annotations

from typing import Final

from mailtrack.mail.phrases import entries

# Subjects that mail programs write themselves, followed by ":" or the end of the line. With a
# colon these need no other sign.
AUTO_REPLY_SUBJECTS: Final[tuple[str, ...]] = entries("""
    automatic reply | auto reply | auto-reply | autoreply | auto response | auto-response |
    autoresponse | automatic response | automated reply | automated response | out of office |
    out of the office | out-of-office | out of office reply | out of office autoreply |
    out of office auto-reply | out of office auto reply | out of office response |
    out of office notification | vacation reply | absence notification | out of office message |
    out of office notice | vacation response | automatische antwort | automatische rückantwort |
    abwesenheitsnotiz | abwesenheitsmeldung | abwesenheitsnachricht |
    abwesenheitsbenachrichtigung | abwesenheitsassistent | automatische abwesenheitsnotiz |
    autom. antwort | automatische abwesenheitsmeldung | réponse automatique |
    reponse automatique | absence du bureau | message d'absence |
    réponse automatique d'absence | respuesta automática | respuesta automatica |
    contestación automática | autorespuesta | auto-respuesta | risposta automatica |
    risponditore automatico | resposta automática | resposta automatica | automatisch antwoord |
    afwezigheidsbericht | automatische beantwoording | afwezigheidsmelding |
    automatyczna odpowiedź | odpowiedź automatyczna | automatyczna odpowiedz | autoodpowiedź |
    automatická odpověď | automatická odpoveď | автоматический ответ | автоответ |
    автоответчик | ответ автоответчика | автоматическое уведомление об отсутствии |
    уведомление об отсутствии | автоматична відповідь | автовідповідь | автовідповідач |
    автоматичний відгук | аўтаматычны адказ | автоматичен отговор | automatski odgovor |
    аутоматски одговор | samodejni odgovor | автоматски одговор | autosvar | automatiskt svar |
    frånvaromeddelande | automatisk svar | fraværsmeddelelse | fraværsassistent |
    automaattinen vastaus | poissaoloilmoitus | sjálfvirkt svar | automaatvastus |
    automaatne vastus | automātiska atbilde | automatinis atsakymas | otomatik yanıt |
    otomatik cevap | automatikus válasz | răspuns automat | raspuns automat |
    αυτόματη απάντηση | תשובה אוטומטית | מענה אוטומטי | رد تلقائي | الرد التلقائي |
    پاسخ خودکار | 自動応答 | 自動返信 | 不在通知 | 自动回复 | 自動回覆 | 自动答复 | 자동 회신 |
    자동 응답 | 자동회신 | 자동응답 | trả lời tự động | tự động trả lời | ตอบกลับอัตโนมัติ |
    การตอบกลับอัตโนมัติ | balasan otomatis | jawaban otomatis
""")

# Subjects that absent people and their machines write; they decide only beside another sign.
ABSENCE_SUBJECTS: Final[tuple[str, ...]] = entries("""
    ooo | vacation message | away from my mail | away from office | away from the office |
    on vacation | i am out of the office | i'm out of the office | away message |
    vacation notice | auto | autoresponder | auto responder | auto-responder | automessage |
    abwesenheit | abwesend | nicht im büro | außer haus | urlaubsabwesenheit |
    absent du bureau | absence | absent | fuera de la oficina | ausente | fuera de oficina |
    fuori ufficio | fuori sede | assente | fora do escritório | ausência temporária | ausência |
    ausente do escritório | fora do escritorio | afwezig | niet aanwezig | afwezigheid |
    poza biurem | nieobecność | nieobecny | nieobecna | mimo kancelář | nepřítomnost |
    mimo kancelárie | nepritomnost | вне офиса | отсутствие на рабочем месте | я в отпуске |
    в отпуске | нет на месте | отсутствую | поза офісом | у відпустці | я у відпустці |
    відсутність на робочому місці | не на робочому місці | извън офиса | odsotnost |
    izvan ureda | frånvarande | fravær | ikke til stede | ikke på kontoret | poissa |
    inte på kontoret | ofis dışında | ofis dışı | irodán kívül | házon kívül |
    în afara biroului | εκτός γραφείου | מחוץ למשרד | خارج المكتب | 不在 | 外出 | 不在办公室 |
    不在辦公室 | 부재중
""")

# Headers that only answering machines write; a value of "no" takes them back.
AUTO_REPLY_HEADERS: Final[tuple[str, ...]] = entries("""
    x-autoreply | x-autoreply-from | x-auto-reply | x-auto-reply-from | x-mail-autoreply |
    x-autorespond | x-autoresponder | x-auto-response | x-vacation | x-autoreply-domain
""")

# First words of an absence note. They decide only beside another sign.
AUTO_REPLY_BODIES: Final[tuple[str, ...]] = entries("""
    this is an automatic reply | this is an automated reply | this is an automated response |
    this is an automatic response | this is an auto-reply | this is an autoreply |
    i am out of the office | i am currently out of the office | i'm out of the office |
    i will be out of the office | i am currently away | i am away from | i'm currently out |
    i am on vacation | i am on leave | i am on annual leave | i am currently on |
    automatisch generiert | automatisch erstellt | ich bin nicht im büro | ich bin bis |
    ich bin derzeit | ich bin vom | ich bin am | ich bin zurzeit | ich bin im urlaub |
    je suis absent | je suis actuellement absent | je suis en congé | ceci est une réponse |
    estoy fuera de la oficina | estaré fuera | me encuentro fuera | sono fuori ufficio |
    sarò assente | estou fora do escritório | estarei ausente | ik ben afwezig |
    ik ben niet aanwezig | jestem nieobecn | jestem na urlopie | przebywam na urlopie |
    jestem poza biurem | nejsem v kanceláři | jsem na dovolené | я в отпуске |
    я нахожусь в отпуске | нахожусь в отпуске | меня нет на рабочем месте | буду отсутствовать |
    это автоматический ответ | данное сообщение сформировано автоматически | я у відпустці |
    перебуваю у відпустці | мене немає на робочому місці | буду відсутн |
    це автоматична відповідь | цей лист створено автоматично | jag är inte på kontoret |
    jag är ledig | jeg er ikke på kontoret | jeg er på ferie | jeg holder ferie | olen poissa |
    olen lomalla | izinde | szabadságon vagyok | sunt plecat | în concediu |
    είμαι εκτός γραφείου
""")

# Subjects of delivery reports.
BOUNCE_SUBJECTS: Final[tuple[str, ...]] = entries("""
    undeliverable | undelivered | mail delivery fail | mail delivery problem |
    mail delivery status | mail delivery system | mail delivery report | mail delivery warn |
    mail delivery err | mail delivery not | mail delivery subsystem | mail delivery delay |
    delivery status notification | delivery notification | delivery failure | delivery report |
    delivery has failed | delivery failed | delivery error | delivery problem | delivery delay |
    delivery unsuccessful | delivery of message | delivery attempt | delivery not possible |
    deliveryfailure | returned mail | returned to sender | return to sender | mail returned |
    returned message | returned email | returned e-mail | failure notice |
    failure notification | failure delivery | failed mail | failed delivery |
    failed to deliver | failed message | mail failed | mail failure | mail system error |
    mail error | mail not deliver | mail undeliver | mail could not be | mail rejected |
    mail status report | message failed | message could not be | message not deliver |
    message delivery | message undeliver | message delayed | message status | message rejected |
    message you sent | message blocked | email delivery | email could not be |
    email not deliver | email undeliver | email bounce | email failed | email returned |
    e-mail delivery | bounced | bounce | nondeliverable | non deliverable | non-delivery |
    non delivery | nondelivery | not delivered | ndn: | ndr | notification d'état |
    unable to deliver | unable to send | unknown user | user unknown | user not found |
    unrouteable mail | undeliver | unzustellbar | cannot deliver | can't deliver |
    could not deliver | could not send message | permanent delivery | permanent failure |
    permanent error | temporary delivery | warning: could not send | warning: message |
    delayed mail | postmaster notify | problem delivering | problems delivering |
    processing error | considered unsolicited | **message you sent blocked |
    automatically rejected | address not found | rejected mail | your message to |
    your message could not | your mail could not | your email could not | warning: |
    error sending | error delivering | sending failed | recipient unknown | nicht zustellbar |
    zustellung | fehler bei der zustellung | rückmeldung | mail konnte nicht | unzustellbare |
    nachricht nicht zugestellt | zustellfehler | ihre nachricht konnte | échec de la remise |
    échec de remise | non remis | non remise | message non | notification de | avis de non |
    échec d'envoi | échec de livraison | remise retardée | utilisateur non | non recapitabile |
    mancato recapito | notifica sullo stato | notifica di mancato | errore di consegna |
    recapito non riuscito | no se puede entregar | no entregado | no se pudo entregar |
    no se ha podido entregar | error de entrega | fallo en la entrega | notificación de estado |
    correo devuelto | mensaje devuelto | mensaje no entregado | não é possível entregar |
    não entregue | falha na entrega | mensagem devolvida | notificação de estado |
    não foi possível entregar | onbestelbaar | niet bezorgd | kan niet worden |
    niet afgeleverd | niedostarczalne | niedoręczalne | nie można dostarczyć | nie dostarczono |
    zwrot poczty | nie można doręczyć | nedoručitelné | nedoručené | nelze doručit |
    недоставленное | недоставляемое | недоставлено | не удалось доставить | не доставлено |
    сообщение не доставлено | сообщение не может | ваше сообщение не | недоставлене | невручен |
    неможливо доставити | не вдалося доставити | лист не доставлено |
    повідомлення не доставлено | ваше повідомлення не | уведомление о доставке |
    уведомление о недоставке | уведомление о состоянии доставки | ошибка доставки |
    сповіщення про недоставлення | помилка доставки | сообщение о недоставке |
    отчет о доставке | oleveransbar | kan inte leverera | ej levererat | uleveret |
    kan ikke leveres | kunne ikke leveres | ikke leveret | kan ikke levere |
    ei voitu toimittaa | toimitus epäonnistui | teslim edilemedi | teslim edilemeyen |
    iletilemedi | kézbesíthetetlen | kézbesítés | nelivrabil | mesaj nelivrat |
    αδυναμία παράδοσης | μη παραδοτέο | לא ניתן למסירה | غير قابل للتسليم | تعذر تسليم |
    配信不能 | 配信できません | 配信エラー | メールエラー | 未配信 | 配達不能 | メールが配信 |
    送信エラー | お届けできません | 无法投递 | 无法送达 | 退信 | 系统退信 | 未送达 | 無法傳遞 |
    無法投遞 | 未傳遞 | 전달되지 | 배달되지 | 반송 | 배달할 수 없음 | không thể gửi |
    không gửi được | gagal terkirim | tidak dapat dikirim
""")

# Words in the body of a delivery report.
BOUNCE_BODIES: Final[tuple[str, ...]] = entries("""
    could not be delivered | couldn't be delivered | could not deliver | cannot be delivered |
    can not be delivered | can't be delivered | was not delivered | not be delivered |
    wasn't able to deliver | unable to deliver | undeliverable | undelivered | delivery failed |
    delivery has failed | delivery to the following | failed to deliver | delivery failure |
    not delivered to | permanent fatal errors | permanent error | fatal errors |
    returned to sender | was returned | did not reach | user unknown | unknown user |
    no such user | mailbox unavailable | mailbox is full | mailbox full | over quota |
    quota exceeded | address rejected | recipient rejected | transcript of session |
    mail delivery system | mail delivery software | has been rejected | was rejected |
    host unknown | recipient unknown | unknown recipient | does not exist | unknown address |
    bounced | delivery status | delivery attempt | remote host said | could not be sent |
    giving up on it | delivery error | delivery report | still being retried |
    has not yet been delivered | will be retried | delivery problem | rejected the |
    nicht zugestellt | konnte nicht | n'a pas pu être | no se pudo entregar | não pôde ser |
    impossibile recapitare | nie można dostarczyć | не может быть доставлено | не доставлено |
    не удалось доставить | не доставлен | не было доставлено | не вдалося доставити |
    配信できません | 送信できません | 送れません | 届けることができません | エラー | 无法投递 |
    无法送达 | 退回 | 被退 | 배달하지 | 전달되지
""")

# How a delivery report opens. These name a message and its recipients, so that a parcel which
# "could not be delivered" is none.
BOUNCE_OPENINGS: Final[tuple[str, ...]] = entries("""
    delivered to the following | could not be delivered to: | delivered to one or more |
    deliver message to the following | deliver your message to the following |
    following recipient | following user | following address | failed recipient |
    non-delivery report | message could not be delivered | message was not delivered |
    message was undeliverable | message cannot be delivered | mail could not be delivered |
    mail cannot be delivered | email could not be delivered | message has not been delivered |
    message you sent could not be delivered | message you sent was not delivered |
    unable to deliver your message | unable to deliver the message |
    message that you sent could not | message you sent to | permanent fatal errors |
    mail system at host | message wasn't delivered | mail delivery agent |
    delivery to the following | delivery of email to this address | with subject |
    ihre nachricht konnte | konnte nicht an folgende | votre message n'a pas pu |
    su mensaje no pudo | el mensaje no se pudo | sua mensagem não pôde |
    nie można dostarczyć wiadomości | ваше сообщение не может быть доставлено |
    ваше письмо не может быть доставлено | сообщение не было доставлено |
    письмо не было доставлено | ваше сообщение не было доставлено | ваше повідомлення не |
    ваш лист не | повідомлення не вдалося доставити | 送信できませんでした |
    配信できませんでした | 宛先に送信できません | 您的邮件无法 | 邮件无法投递
""")

# Local parts of mail systems.
DAEMON_LOCALS: Final[frozenset[str]] = frozenset(
    entries("""
    mailer-daemon | mailerdaemon | mailer_daemon | mail-daemon | maildaemon | mdaemon |
    postmaster | postmast | mail.delivery.system | mail-delivery-system | maildelivery |
    mail-delivery-subsystem | bounce | bounces | mmdf | uucp | smtpd | mailadmin | mail-system |
    mailsystem | daemon | microsoftexchange | imss | mail_daemon | opensmtpd | system-postmaster
    """)
)
DAEMON_NAMES: Final[tuple[str, ...]] = entries("""
    mailer-daemon | mailer daemon | mail delivery | maildelivery | mail daemon | mdaemon |
    delivery subsystem | postmaster | mail system | mail administrator | system administrator |
    systemadministrator | microsoft outlook | delivery system | internet mail delivery |
    mail router | email delivery | mail transport | администратор почты |
    системный администратор | mail-system | content-filter | mail gateway
""")

# Challenge-response systems: "prove that you are no machine".
CHALLENGE_SUBJECTS: Final[tuple[str, ...]] = entries("""
    please confirm your message | please confirm your email to | confirm your message to |
    your email requires verification | your message to | your mail requires confirmation |
    please confirm (conf# | confirmation required | your email requires confirmation |
    sender verification | please verify your email to | message awaiting confirmation |
    verify your message | spamarrest | boxtrapper | your message awaits confirmation
""")
CHALLENGE_BODIES: Final[tuple[str, ...]] = entries("""
    click the link below to confirm | click on the link below to confirm |
    reply to this message to confirm | to confirm your message | prove that you are human |
    prove you are human | prove that you are a human | verify that you are a person |
    verify that you are human | not a spammer | your message to be delivered |
    in order to deliver your message | complete the verification | boxtrapper | spam arrest |
    spamarrest | approved senders | to release your message | verification process |
    release the pending message | tmda
""")

# What stands in a delivery report right above the addresses that failed.
RECIPIENT_OPENINGS: Final[tuple[str, ...]] = entries("""
    following address | following recipient | following user | following destination |
    could not be reached | did not reach | not delivered to | undeliverable to |
    could not be delivered to | couldn't be delivered to | cannot be delivered to |
    can not be delivered to | was not delivered | fatal error | delivery error |
    delivery problem | had permanent | addresses failed | address(es) failed | recipient(s) |
    recipients: | failed recipient | unable to deliver | failed to deliver to |
    delivering your mail to | deliver message to | deliver your message to | deliver to |
    unable to be delivered | unbekannte empfänger | folgende empfänger | folgenden empfänger |
    destinataires suivants | destinatarios siguientes | seguintes destinatários |
    seguenti destinatari | następujących odbiorców | следующим получателям |
    следующих получателей | следующим адресам | наступним одержувачам | таким одержувачам |
    宛先 | 送信できません | 配信できません | 届けることができません | 收件人
""")

# Lines of a report with an address that is not the one that failed.
NOT_RECIPIENTS: Final[tuple[str, ...]] = entries("""
    generated from | expanded from | mail from: | mail from < | received at | from: | sender: |
    sent by | return-path | message-id | reply-to | please contact | contact < | contact the |
    for further assistance | for assistance | for help | questions | if you have | abuse@ |
    helo | envelope-from | on behalf of | this is the | cc: | 連絡 | お問い合わせ
""")

# Words of a report that delivery is still tried, or failed only for now.
TEMPORARY: Final[tuple[str, ...]] = entries("""
    will be retried | still being retried | warning only | warning message only |
    not yet been delivered | has been delayed | is delayed | was delayed | been postponed |
    will continue to try | will keep trying | delivery attempts will continue |
    temporarily deferred | retry the delivery | try again later | will try again |
    message will be retried | temporary failure | temporary error | advisory-only |
    continue to be made | you do not need to resend | being held in the queue |
    have been failing for a long time | error_code :4 | responsecode 4 | deferred: | задержан |
    повторит попытку | попытки доставки будут | буде повторено | verzögert |
    wird weiter versucht | retardé | demorado | opóźnion
""")
