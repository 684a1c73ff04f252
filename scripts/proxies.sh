#!/usr/bin/env bash
# `make proxies`: a gateway behind tinyproxy and microsocks, which are Debian's and installed where
# they are missing (as root), before an upstream with a certificate of a private authority that wants
# a client certificate. Without them nothing is shown, so that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v tinyproxy >/dev/null || missing+=(tinyproxy-bin)
command -v microsocks >/dev/null || missing+=(microsocks)
if ((${#missing[@]})); then
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        echo "make: install ${missing[*]} first; on Debian: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    echo "make: installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
FAIRLEAD_REAL_PROXIES=1 exec .venv/bin/python -m pytest -v --no-header \
    tests/integration/test_upstreams_through_proxies.py tests/contract/test_transport_proxy.py "$@"
