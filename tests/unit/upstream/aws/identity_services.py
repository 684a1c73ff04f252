"""AWS's services that give credentials, on loopback: the machine's metadata (IMDSv2), a container's
address, STS, IAM Identity Center (SSO). Each answer has keys of its own number.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ROLE = "gateway-role"
SECRET, SESSION = "secret-that-is-shown-nowhere", "session-token-that-is-shown-nowhere"
METADATA_TOKEN, CONTAINER_TOKEN, SSO_TOKEN = "imds-token", "container-token", "sso-token"
WEB_TOKEN = "eyJ.of-the-cluster"
_XML = (
    '<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
    "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn>"
    "<AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser>"
    "<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
    "<SessionToken>{token}</SessionToken><Expiration>{ends}</Expiration></Credentials>"
    "</{action}Result></{action}Response>"
)
_XML_ERROR = (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
    "<Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
)
Answer = tuple[int, str]


class IdentityServices(ThreadingHTTPServer):
    """Mutable: `lives` are seconds that what is given lives, `refusing` has every one of them say
    no. `given` counts credentials, `asked` has what was asked for, in order.
    """

    daemon_threads = True

    def __init__(self) -> None:
        self.given, self.lives = 0, 6 * 3600
        self.refusing = False
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def fresh(self) -> dict[str, str]:
        """Credentials that nobody had before."""
        self.given += 1
        ends = datetime.now(UTC) + timedelta(seconds=self.lives)
        return {"key": f"ASIA{self.given}", "ends": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}


class _Answering(BaseHTTPRequestHandler):
    server: IdentityServices

    def do_PUT(self) -> None:
        self._say("metadata token", lambda: (200, METADATA_TOKEN))

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/latest/meta-data/iam/security-credentials/"):
            if self.headers.get("x-aws-ec2-metadata-token") != METADATA_TOKEN:
                self._send(401, "")  # a machine that wants IMDSv2
            elif path.endswith("/"):
                self._say("metadata role", lambda: (200, ROLE))
            else:
                self._say("metadata", self._of_machine)
        elif path == "/container":
            known = self.headers.get("authorization") == CONTAINER_TOKEN
            self._say("container", self._of_machine if known else lambda: (403, "who are you?"))
        elif path == "/federation/credentials":
            self._say("sso", self._of_sso)
        else:
            self._send(404, "")

    def do_POST(self) -> None:
        said = self.rfile.read(int(self.headers.get("content-length", 0)))
        form = parse_qs(said.decode())
        action = form["Action"][0]
        self._say(action, lambda: self._of_sts(action, form))

    def _of_machine(self) -> Answer:
        found = self.server.fresh()
        page = {
            "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-11-01T00:00:00Z",
            "AccessKeyId": found["key"], "SecretAccessKey": SECRET, "Token": SESSION,
            "Expiration": found["ends"],
        }  # fmt: skip
        return 200, json.dumps(page)

    def _of_sso(self) -> Answer:
        if self.headers.get("x-amz-sso_bearer_token") != SSO_TOKEN:
            return 401, '{"message": "Session token not found or invalid"}'
        found = self.server.fresh()
        ends = datetime.fromisoformat(found["ends"]).timestamp()
        role = {
            "accessKeyId": found["key"], "secretAccessKey": SECRET, "sessionToken": SESSION,
            "expiration": int(ends * 1000),
        }  # fmt: skip
        return 200, json.dumps({"roleCredentials": role})

    def _of_sts(self, action: str, form: dict[str, list[str]]) -> Answer:
        if action == "AssumeRoleWithWebIdentity" and form["WebIdentityToken"] != [WEB_TOKEN]:
            return 400, _XML_ERROR.format(code="InvalidIdentityToken", message="No such token")
        if action == "AssumeRole" and "Credential=AKIASOURCE/" not in self.headers["authorization"]:
            return 403, _XML_ERROR.format(code="InvalidClientTokenId", message="Who are you?")
        found = self.server.fresh()
        return 200, _XML.format(action=action, secret=SECRET, token=SESSION, **found)

    def _say(self, what: str, answer) -> None:
        self.server.asked.append(what)
        if not self.server.refusing:
            self._send(*answer())
        elif what.startswith("AssumeRole"):
            words = "not authorized to perform: sts:" + what
            self._send(403, _XML_ERROR.format(code="AccessDenied", message=words))
        elif what == "sso":
            self._send(401, '{"message": "Session token not found or invalid"}')
        else:
            self._send(403, "no")

    def _send(self, status: int, body: str) -> None:
        data = body.encode()
        self.send_response(status)
        if status == 401 and body:
            self.send_header("x-amzn-errortype", "UnauthorizedException")
        self.send_header("content-length", str(len(data)))
        self.send_header("x-aws-ec2-metadata-token-ttl-seconds", "21600")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def identity_services() -> Iterator[IdentityServices]:
    server = IdentityServices()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
