"""What an operator can do about botocore's errors of credentials, by what they are called.

A word of the table is an error code of AWS's (STS, IAM Identity Center), the provider that botocore
names in an error, or the error's class.
"""

from typing import Final

__all__ = ["told"]

_TOLD: Final = 300
"""Characters of botocore's own words."""
_LOGIN: Final = "sign in with `aws sso login`, as the user that the gateway runs as"
_TRUST: Final = (
    "the role's trust policy must allow this identity, and this identity must be allowed to assume"
    " the role"
)
_IDENTITY_FILE: Final = "look at the file that AWS_WEB_IDENTITY_TOKEN_FILE or the profile names"
_NETWORK: Final = "AWS cannot be reached from this machine: look at its network and its proxy"
_MENDS: Final[dict[str, str]] = {
    "SSOTokenLoadError": _LOGIN,
    "UnauthorizedSSOTokenError": _LOGIN,
    "TokenRetrievalError": _LOGIN,
    "AccessDenied": _TRUST,
    "InvalidIdentityToken": _IDENTITY_FILE,
    "ExpiredTokenException": _IDENTITY_FILE,
    "FileNotFoundError": _IDENTITY_FILE,
    "IDPCommunicationError": "AWS cannot reach the identity provider: try again",
    "InvalidClientTokenId": "AWS does not know this access key: was it deleted or deactivated?",
    "SignatureDoesNotMatch": "the secret does not belong to this access key",
    "container-role": "look at the role of the task (ECS) or the pod (EKS)",
    "custom-process": "run the profile's `credential_process` by hand, as the gateway's user",
    "EndpointConnectionError": _NETWORK,
    "ConnectTimeoutError": _NETWORK,
    "ReadTimeoutError": _NETWORK,
    "ProxyConnectionError": _NETWORK,
}


def told(error: Exception, *, named: bool = False) -> str:
    """Its words on one line, and what mends it. `named`: with the class before them."""
    words = " ".join(str(error).split())[:_TOLD]
    if named:
        words = f"{type(error).__name__}: {words}"
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    provider = getattr(error, "kwargs", {}).get("provider", "")
    names = (code, provider, *(each.__name__ for each in type(error).__mro__))
    mend = next((_MENDS[name] for name in names if name in _MENDS), "")
    return f"{words} ({mend})" if mend else words
