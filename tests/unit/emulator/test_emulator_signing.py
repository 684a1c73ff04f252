"""Signatures of emulated thinking."""

import base64

from fairlead.emulator.signing import Signer

SIGNER = Signer(b"seed")


def test_its_own_are_known_again():
    mark = SIGNER.sign("anthropic", "claude", "thought", "thought")
    assert SIGNER.accepts("anthropic", mark, "thought")
    assert not SIGNER.accepts("anthropic", mark, "thought, changed")
    assert not SIGNER.accepts("gemini", mark, "thought")
    assert not Signer(b"other").accepts("anthropic", mark, "thought")
    assert not SIGNER.accepts("anthropic", mark[:-8] + "AAAAAAA=", "thought")


def test_different_thoughts_have_different_signatures():
    marks = {SIGNER.sign("gemini", "m", text, "") for text in ("a", "b", "c")}
    assert len(marks) == 3
    assert all(SIGNER.accepts("gemini", mark, "") for mark in marks)


def test_a_binding_is_found_however_its_base64_is_written():
    mark = SIGNER.sign("anthropic", "claude", "thought", "thought", b"account")
    rewritten = mark.replace("+", "-").replace("/", "_").rstrip("=")
    assert rewritten != mark
    for one in (mark, rewritten):
        assert SIGNER.accepts("anthropic", one, "thought")
        assert SIGNER.binding(one) == b"account"
    assert SIGNER.binding("no base64!") == b""


def test_real_ones_are_taken_if_they_look_like_it():
    real = bytes(range(100))
    assert SIGNER.accepts("gemini", base64.b64encode(real).decode(), "")
    assert SIGNER.accepts("gemini", base64.urlsafe_b64encode(real).decode().rstrip("="), "")
    for fake in ("", "sig_abc", "x" * 200 + "!", base64.b64encode(b"short").decode()):
        assert not SIGNER.accepts("gemini", fake, "")


def test_googles_stand_in():
    dummy = base64.b64encode(b"skip_thought_signature_validator").decode()
    assert SIGNER.accepts("gemini", dummy, "")
    assert not SIGNER.accepts("anthropic", dummy, "")
