"""A DNS server on loopback with a zone of the test's own, in a thread."""

import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SILENT = "silent"  # a name that is never answered

Zone = Mapping[tuple[str, str], tuple[str, ...]]


@contextmanager
def nameserver(zone: Zone) -> Iterator[tuple[str, int]]:
    """Answers by `zone`: ("help.example", "MX"): ("10 mx.help.example.",). Its address."""

    class Question(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, socket = self.request
            query = dns.message.from_wire(wire)
            answer = answer_to(query, zone)
            if answer is not None:
                socket.sendto(answer.to_wire(), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Question) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            host, port = server.server_address[:2]
            yield str(host), port
        finally:
            server.shutdown()
            thread.join()


def answer_to(query: dns.message.Message, zone: Zone) -> dns.message.Message | None:
    question = query.question[0]
    name, kind = (
        question.name.to_text(omit_final_dot=True),
        dns.rdatatype.to_text(question.rdtype),
    )
    if zone.get((name, kind)) == (SILENT,):
        return None
    answer = dns.message.make_response(query)
    if not any(known == name for known, _ in zone):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    for value in zone.get((name, kind), ()):
        rrset = dns.rrset.from_text(question.name, 60, "IN", kind, value)
        answer.answer.append(rrset)
    return answer


def quoted(text: str) -> str:
    """A TXT record as a zone file wants it."""
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))
