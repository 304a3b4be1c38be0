"""A mail server on loopback that behaves as it is told, and keeps what it accepted.

    python server.py OPTIONS.json

The options: `folder` (accepted messages are written there), `tls` ("starttls", "implicit", "none"),
`port` (0: any), `cert` and `key` (PEM files), `user` and `password` (both empty: no login), `manner` (one of `MANNERS`)
and `refused` (a recipient). What a client meets is read from the file at each step. The program prints
`ready PORT` once it listens. Each message that it takes lies as N.eml and, read by Python's own parser, as N.json in the
folder before the client is answered: nothing is lost with the client. It ends when its standard input ends.
"""

import asyncio
import email
import email.policy
import json
import logging
import os
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

MANNERS = {
    "well": "takes everything",
    "login_refused": "535 to every login",
    "busy": "421 to MAIL, and hangs up",
    "put_off": "450 to RCPT",
    "one_refused": "550 to the recipient `refused`",
    "refused_message": "554 after the message",
    "put_off_message": "451 after the message",
    "echoes_login": "535 to every login, with what the client sent",
    "stall_after_data": "reads no message and says nothing after 354",
    "cut_after_dot": "takes the message and hangs up without an answer",
    "never_answers": "takes the message and never answers",
}


def summary(envelope: Envelope, number: int) -> dict:
    """What Python's own parser makes of a message."""
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    images = {
        part["Content-ID"].strip().strip("<>"): len(part.get_content())
        for part in message.walk()
        if part.get_content_type() == "image/png"
    }
    html = message.get_body(("html",))
    plain = message.get_body(("plain",))
    return {
        "number": number,
        "sender": envelope.mail_from,
        "recipients": envelope.rcpt_tos,
        "message_id": str(message["Message-ID"]).strip(),
        "headers": [[name, str(value)] for name, value in message.items()],
        "structure": structure(message),
        "html": html.get_content() if html else None,
        "text": plain.get_content() if plain else None,
        "images": images,
        "defects": [repr(defect) for part in message.walk() for defect in part.defects],
        "bytes": len(envelope.content),
    }


def structure(part) -> str:
    if not part.is_multipart():
        return part.get_content_type()
    return f"{part.get_content_type()}[{', '.join(structure(inner) for inner in part.iter_parts())}]"


class Manner:
    def __init__(self, options: pathlib.Path):
        self.options = options
        self.folder = pathlib.Path(self["folder"])
        self.accepted = len(list(self.folder.glob("*.json")))

    def __getitem__(self, key: str):
        """Read anew each time: a test changes the manner while the server runs."""
        return json.loads(self.options.read_text())[key]

    def authenticate(self, server, session, envelope, mechanism, data):
        sent = (data.login.decode(), data.password.decode())
        if self["manner"] == "echoes_login":
            return AuthResult(success=False, handled=False, message=f"535 5.7.8 bad login {sent[0]} {sent[1]}")
        good = self["manner"] != "login_refused" and sent == (self["user"], self["password"])
        return AuthResult(success=good, handled=good)

    async def handle_MAIL(self, server: SMTP, session: Session, envelope, address, options):
        if self["manner"] == "busy":
            server.transport.write(b"421 4.3.2 shutting down\r\n")
            server.transport.close()
            await asyncio.Event().wait()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self["manner"] == "put_off":
            return "450 4.2.0 greylisted, try again later"
        if self["manner"] == "one_refused" and address == self["refused"]:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session, envelope):
        if self["manner"] == "refused_message":
            return "554 5.7.1 over quota"
        if self["manner"] == "put_off_message":
            return "451 4.3.0 try again later"
        self.keep(envelope)
        if self["manner"] == "cut_after_dot":
            server.transport.close()
            await asyncio.Event().wait()
        if self["manner"] == "never_answers":
            await asyncio.Event().wait()
        return f"250 2.0.0 kept as {self.accepted}"

    def keep(self, envelope: Envelope):
        self.accepted += 1
        told = summary(envelope, self.accepted)
        (self.folder / f"{self.accepted}.eml").write_bytes(envelope.content)
        unfinished = self.folder / f"{self.accepted}.part"
        unfinished.write_text(json.dumps(told))
        unfinished.rename(self.folder / f"{self.accepted}.json")


class Server(SMTP):
    """One that can fall silent after DATA; all else is said by the handler."""

    async def smtp_DATA(self, arg):
        if self.event_handler["manner"] == "stall_after_data":
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            await asyncio.Event().wait()
        await super().smtp_DATA(arg)


async def serve(options: pathlib.Path):
    manner = Manner(options)
    assert manner["manner"] in MANNERS, manner["manner"]
    context = None
    if manner["tls"] != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(manner["cert"], manner["key"])
    starttls = manner["tls"] == "starttls"

    def connection() -> Server:
        return Server(
            manner,
            hostname="localhost",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=manner.authenticate,
            # Without STARTTLS a login is offered all the same: not to use it is the client's duty.
            auth_require_tls=starttls,
            auth_required=bool(manner["user"]),
            enable_SMTPUTF8=False,
            # A client that hangs is the client's to end.
            timeout=600,
        )

    loop = asyncio.get_running_loop()
    implicit = context if manner["tls"] == "implicit" else None
    server = await loop.create_server(connection, "127.0.0.1", manner["port"], ssl=implicit)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(serve(pathlib.Path(sys.argv[1])))
