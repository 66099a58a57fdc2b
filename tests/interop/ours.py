"""The crate under test, behind crates/jose/examples/interop: one child process for the whole run."""

import atexit
import base64
import functools
import json
import os
import pathlib
import re
import subprocess

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_PROGRAM = os.environ.get("SYMBOLON_JOSE_INTEROP", str(_ROOT / "target/debug/examples/interop"))


class Refusal(Exception):
    """The crate refused; `refused` is the name of its cause."""

    def __init__(self, answer):
        super().__init__(f"{answer['error']}: {answer['message']}")
        self.refused = answer["error"]


_child = None


def ask(op, **fields):
    """One request; raises Refusal where the crate refuses."""
    global _child
    if _child is None:
        _child = subprocess.Popen([_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        atexit.register(_stop)
    _child.stdin.write(json.dumps({"op": op, **fields}) + "\n")
    _child.stdin.flush()
    line = _child.stdout.readline()
    if not line:
        raise RuntimeError(f"the program ended: {_child.wait()}")
    answer = json.loads(line)
    if "ok" in answer:
        return answer["ok"]
    if "error" in answer:
        raise Refusal(answer)
    raise RuntimeError(f"wrong request: {answer['protocol']}")


_RSA = re.compile("RS|PS|RSA-OAEP")


@functools.cache
def generated(alg, curve=None):
    """A key pair of ours, the same for the same arguments. One RSA key serves all its algorithms: making one takes long."""
    if not _RSA.match(alg):
        return ask("generate", alg=alg, curve=curve)
    bound = {"alg": alg, "use": "enc" if alg.startswith("RSA") else "sig"}
    return {half: {**jwk, **bound} for half, jwk in _rsa().items()}


@functools.cache
def _rsa():
    return ask("generate", alg="RS256")


def _stop():
    _child.stdin.close()
    _child.wait()


def encoded(data):
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
