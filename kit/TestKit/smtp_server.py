"""A mail server for the tests: takes letters, and writes what it took as lines of JSON to the standard output.

What it makes of a letter depends on whom it is for: busy@, closed@, nobody@, cut@ and drop@ have their own answers.
"""

import argparse
import email
import email.policy
import json
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--tls", action="store_true", help="TLS from the first byte, not after STARTTLS")
parser.add_argument("--user")
parser.add_argument("--password")
options = parser.parse_args()


def say(**fields):
    print(json.dumps(fields), flush=True)


def content(message, kind):
    part = message.get_body((kind,))
    return part and part.get_content().replace("\r\n", "\n")


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        match address.split("@")[0]:
            case "nobody":
                return "550 there is no such mailbox"
            case "busy":
                return "451 come again later"
            case "closed":
                return "421 too many letters"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if envelope.rcpt_tos[0].startswith("drop@"):
            server.transport.abort()
            return "451 gone"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say(
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            header_from=str(message["From"]),
            subject=message["Subject"],
            id=message["Message-ID"],
            date=message["Date"].datetime.isoformat(),
            text=content(message, "plain"),
            html=content(message, "html"),
            is_secure=session.ssl is not None or options.tls,
            user=session.auth_data,
        )
        return "250 taken"


class Server(SMTP):
    async def smtp_DATA(self, arg):
        if self.envelope and self.envelope.rcpt_tos and self.envelope.rcpt_tos[0].startswith("cut@"):
            await self.push("354 go on")
            await self._reader.readuntil(b"\r\n")
            self.transport.abort()
        else:
            await super().smtp_DATA(arg)


class Listener(Controller):
    def factory(self):
        return Server(self.handler, **self.SMTP_kwargs)


def authenticate(server, session, envelope, mechanism, data):
    login, password = data.login.decode(), data.password.decode()
    say(tried_password=True)
    if (login, password) == (options.user, options.password):
        return AuthResult(success=True, auth_data=login)
    return AuthResult(success=False, handled=False)


context = None
if options.certificate:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.certificate, options.key)
controller = Listener(
    Handler(),
    hostname="127.0.0.1",
    port=options.port,
    ssl_context=context if options.tls else None,
    tls_context=None if options.tls else context,
    authenticator=authenticate,
    auth_required=options.user is not None,
    # Whether the client waits for TLS is what the tests look at.
    auth_require_tls=False,
    require_starttls=False,
)
controller.start()
say(ready=True)
threading.Event().wait()
sys.exit(0)
