"""An agent logs in to the real process and hands a mail over, as a mail program would."""

import smtplib
import subprocess
from pathlib import Path

import pytest
from intake.certificates import Certificate
from process import DESK, MAILTRACK, Process, free_port

IVAN = "ivan@help.example"
MAIL = f"From: {IVAN}\r\nTo: {DESK}\r\nSubject: Notes\r\n\r\nFor the file.\r\n".encode()


def password_line(login: str, password: str) -> bytes:
    done = subprocess.run(
        (*MAILTRACK, "password", login),
        input=password.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("is_implicit", [False, True])
def test_a104_an_agent_submits_by_password_over_tls_and_nobody_else(
    tmp_path: Path, is_implicit: bool
) -> None:
    certificate, port = Certificate(tmp_path, "localhost"), free_port()
    passwords = tmp_path / "passwords"
    passwords.write_bytes(password_line("ivan", "secret") + password_line("eve", "secret"))
    passwords.chmod(0o600)
    tls = f"certificate: {certificate.cert}, key: {certificate.key}, implicit: {is_implicit}"
    submission = f"{{listen: '127.0.0.1:{port}', tls: {{{tls}}}, passwords: {passwords}}}"
    desk = Process(tmp_path, (r"^  # submission:", f"  submission: {submission}"))
    desk.start()
    try:
        with client_at(port, certificate, is_implicit=is_implicit) as client:
            with pytest.raises(smtplib.SMTPResponseException) as refused:
                client.sendmail(IVAN, [DESK], MAIL)
            assert refused.value.smtp_code == 530
            for login, password in (("ivan", "wrong"), ("eve", "secret")):
                with pytest.raises(smtplib.SMTPAuthenticationError):
                    client.user, client.password = login, password
                    client.auth("PLAIN", client.auth_plain)
            client.login("ivan", "secret")
            client.sendmail(IVAN, [DESK], MAIL)
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail(IVAN, ["cara@cust.example"], MAIL)
        desk.wait_until_idle()
        assert desk.ask("status")["mails_handled"] == 1
    finally:
        desk.kill()


def client_at(port: int, certificate: Certificate, *, is_implicit: bool) -> smtplib.SMTP:
    if is_implicit:
        return smtplib.SMTP_SSL("localhost", port, context=certificate.client())
    client = smtplib.SMTP("localhost", port)
    assert client.docmd("AUTH", "PLAIN AGl2YW4Ac2VjcmV0")[0] in (503, 530, 538)
    client.starttls(context=certificate.client())
    return client
