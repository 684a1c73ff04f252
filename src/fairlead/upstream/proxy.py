"""Which proxy a request goes through: its address taken apart, and the environment's rules.

Pure. An upstream's own setting comes first. Where it is empty the environment is read as other
tools do: `https_proxy`, `http_proxy`, `all_proxy`, lower case before upper case, and `no_proxy`.
No two tools agree on all of it; what is done here, and after whom:

- "Each name in this list is matched as either a domain which contains the hostname, or the hostname
  itself. ... The only wildcard available is a single * character, which matches all hosts" and
  "an appended slash and number specifies the number of network bits" (curl, CURLOPT_NOPROXY). A dot
  or `*.` before a name changes nothing.
- "An IP address prefix and domain name can also include a literal port number (1.2.3.4:80)", and
  "if req.URL.Host is localhost or a loopback address ..., then a nil URL": never the environment's
  proxy (Go, golang.org/x/net/http/httpproxy).
- `HTTP_PROXY` in upper case is not read where `REQUEST_METHOD` is set: there it is a header of a
  client's (Python, `urllib.request.getproxies_environment`; CVE-2016-1000110).
"""

import base64
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from fairlead.upstream.secret import Secret

__all__ = ["DIRECT", "Proxy", "parse_proxy", "proxy_of_environment"]

DIRECT: Final = "none"
"""The setting that turns proxies off, those of the environment too."""

# RFC 1928, 3: "The SOCKS service is conventionally located on TCP port 1080"; curl and urllib3 take
# 443 for https. For http they differ (1080 and 80), so there is no port to take for granted.
_PORTS: Final[Mapping[str, int | None]] = {
    "http": None,
    "https": 443,
    "socks5": 1080,
    "socks5h": 1080,
}
_VARIABLES: Final = {
    "https": ("https_proxy", "HTTPS_PROXY"),
    "http": ("http_proxy", "HTTP_PROXY"),
}
_ALL: Final = ("all_proxy", "ALL_PROXY")
_EXEMPT: Final = ("no_proxy", "NO_PROXY")
_UNSAFE: Final = re.compile(r"[^\x21-\x7e]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Proxy(Struct, frozen=True, cache_hash=True):
    """A proxy. `scheme` is `http`, `https` (TLS to the proxy), `socks5` or `socks5h` (the proxy
    resolves names); `source` is who named it, for people.
    """

    scheme: str
    host: str
    port: int
    user: Secret = Secret("")
    password: Secret = Secret("")
    source: str = ""

    @property
    def label(self) -> str:
        """For messages: without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def resolves(self) -> bool:
        """Whether it is given names, not addresses."""
        return self.scheme != "socks5"

    def reveal(self) -> str:
        """The whole address, with the credentials."""
        if not self.authorization:
            return self.label
        told = f"{quote(self.user.reveal(), '')}:{quote(self.password.reveal(), '')}"
        return self.label.replace("://", f"://{told}@", 1)

    def forwards(self, scheme: str) -> bool:
        """Whether a request to an address of this scheme is written to the proxy itself, in
        absolute form (RFC 9112, 3.2.2). Proxies seldom open a tunnel to port 80: squid's and
        tinyproxy's shipped configurations do so to 443 and 563 alone.
        """
        return scheme == "http" and self.scheme in {"http", "https"}

    @property
    def authorization(self) -> str:
        """The value of `proxy-authorization` (RFC 7617), empty without credentials."""
        if not self.user and not self.password:
            return ""
        told = f"{self.user.reveal()}:{self.password.reveal()}".encode()
        return "Basic " + base64.b64encode(told).decode("ascii")


def parse_proxy(text: str, source: str = "") -> Proxy:
    """Take a proxy's address apart. Without a scheme it is `http`, as for curl.

    Raises:
        ValueError: it is none; the message holds nothing of it, for there may be a password in it.
    """
    address = text.strip()
    address = address if "://" in address else f"http://{address}"
    if _UNSAFE.search(address):
        raise ValueError("the proxy's address holds a space, a control or a non-ASCII character")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(
            "the proxy's address cannot be read; special characters of the password are"
            " percent-encoded (`@` is %40, `/` is %2F)"
        ) from None
    if parts.scheme not in _PORTS:
        raise ValueError(f"the proxy's address must begin with one of {_schemes()}")
    if not host:
        raise ValueError("the proxy's address names no host")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("the proxy's address has something behind its port")
    port = port or _PORTS[parts.scheme]
    if not port:
        raise ValueError("the proxy's address names no port")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    _check_credentials(parts.scheme, user, password)
    return Proxy(parts.scheme, host, port, Secret(user), Secret(password), source)


def _schemes() -> str:
    return ", ".join(f"{scheme}://" for scheme in _PORTS)


def _check_credentials(scheme: str, user: str, password: str) -> None:
    if _CONTROL.search(user) or _CONTROL.search(password):
        raise ValueError("the proxy's credentials hold a control character")
    if not scheme.startswith("socks"):
        # RFC 7617, 2: "a user-id containing a colon character is invalid"
        if ":" in user:
            raise ValueError("the proxy's user name holds a colon")
        return
    # RFC 1929, 2: the lengths of UNAME and PASSWD are 1 to 255
    sizes = len(user.encode()), len(password.encode())
    if sizes != (0, 0) and (min(sizes) < 1 or max(sizes) > 255):
        raise ValueError("user name and password of a SOCKS proxy have 1 to 255 bytes each")


def proxy_of_environment(url: str, env: Mapping[str, str]) -> Proxy | None:
    """The proxy that the environment names for an address; None for none.

    Raises:
        ValueError: it names something that is none; the message names the variable.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if _loopback(host):
        return None
    for pair in (_VARIABLES.get(parts.scheme, ()), _ALL):
        variable = next((each for each in pair if each in env and _ours(each, env)), "")
        text = env.get(variable, "").strip()
        if not text:
            continue
        if _exempt(host, port, next((env[each] for each in _EXEMPT if each in env), "")):
            return None
        try:
            return parse_proxy(text, f"environment variable {variable}")
        except ValueError as error:
            raise ValueError(
                f'environment variable {variable}: {error}; `proxy = "none"` leaves it aside'
            ) from error
    return None


def _ours(variable: str, env: Mapping[str, str]) -> bool:
    return variable != "HTTP_PROXY" or "REQUEST_METHOD" not in env


def _loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _exempt(host: str, port: int, rules: str) -> bool:
    """Whether `no_proxy` names the host; `host` is lower case."""
    return any(_names(rule, host, port) for rule in re.split(r"[,\s]+", rules.lower()) if rule)


def _names(rule: str, host: str, port: int) -> bool:
    if rule == "*":
        return True
    network = _network(rule)
    if network is None:
        rule, _, own = rule.rpartition(":") if re.search(r":\d+$", rule) else (rule, "", "")
        if own and int(own) != port:
            return False
        network = _network(rule.strip("[]"))
    if network is not None:
        try:
            return ip_address(host) in network
        except ValueError:
            return False  # a name is not resolved for this
    name = rule.removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith("." + name))


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None
