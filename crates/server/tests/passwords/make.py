"""Makes part of vectors.json, with the libraries that the other systems use themselves.

    python3 -m venv v && v/bin/pip install passlib==1.7.4 bcrypt==4.0.1 argon2-cffi==25.1.0 Django==5.2.19 scrypt==0.9.4
    npm install firebase-scrypt@2.2.0 bcryptjs@3
    v/bin/python make.py > vectors.json
"""
import base64, hashlib, hmac, json, subprocess

import argon2, django
from argon2.low_level import hash_secret, Type
from django.conf import settings
settings.configure(PASSWORD_HASHERS=["django.contrib.auth.hashers." + name for name in (
    "PBKDF2PasswordHasher", "PBKDF2SHA1PasswordHasher", "Argon2PasswordHasher", "BCryptPasswordHasher",
    "BCryptSHA256PasswordHasher", "ScryptPasswordHasher", "MD5PasswordHasher")])
from django.contrib.auth.hashers import make_password
from passlib import hash as passlib
import bcrypt

PASSWORDS = ["correct horse battery", "pässwörd 🐉", "x"]
vectors = []

def add(by, password, text):
    vectors.append({"by": by, "password": password, "hash": text})

for password in PASSWORDS:
    raw = password.encode()
    add("passlib bcrypt $2b$", password, passlib.bcrypt.using(rounds=4).hash(password))
    add("passlib bcrypt $2a$", password, passlib.bcrypt.using(rounds=4, ident="2a").hash(password))
    add("passlib bcrypt $2y$", password, passlib.bcrypt.using(rounds=4, ident="2y").hash(password))
    add("python bcrypt", password, bcrypt.hashpw(raw, bcrypt.gensalt(5)).decode())
    add("passlib scrypt", password, passlib.scrypt.using(rounds=8, block_size=8, parallelism=2).hash(password))
    add("passlib pbkdf2_sha1", password, passlib.pbkdf2_sha1.using(rounds=1000).hash(password))
    add("passlib pbkdf2_sha256", password, passlib.pbkdf2_sha256.using(rounds=1000).hash(password))
    add("passlib pbkdf2_sha512", password, passlib.pbkdf2_sha512.using(rounds=1000).hash(password))
    add("passlib ldap_salted_sha1", password, passlib.ldap_salted_sha1.hash(password))
    add("passlib ldap_sha1", password, passlib.ldap_sha1.hash(password))
    add("passlib ldap_md5", password, passlib.ldap_md5.hash(password))
    add("passlib ldap_salted_md5", password, passlib.ldap_salted_md5.hash(password))
    add("passlib ldap_salted_sha256", password, passlib.ldap_salted_sha256.hash(password))
    add("passlib ldap_salted_sha512", password, passlib.ldap_salted_sha512.hash(password))
    add("passlib ldap_bcrypt", password, passlib.ldap_bcrypt.using(rounds=4).hash(password))
    for kind in (Type.D, Type.I, Type.ID):
        for version in (16, 19):
            add("argon2-cffi", password, hash_secret(raw, b"somesalt16bytes!", 2, 256, 2, 24, kind, version).decode())
    for hasher in ("pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt", "bcrypt_sha256", "scrypt", "md5"):
        if hasher in ("bcrypt", "bcrypt_sha256"):
            from django.contrib.auth.hashers import get_hasher
            maker = get_hasher(hasher); maker.rounds = 4
            add("django " + hasher, password, maker.encode(password, maker.salt()))
        else:
            add("django " + hasher, password, make_password(password, hasher=hasher))

def js(script):
    return subprocess.run(["node", "-e", script], check=True, capture_output=True, text=True).stdout

for password in PASSWORDS:
    add("bcryptjs", password, js(f"process.stdout.write(require('bcryptjs').hashSync({json.dumps(password)}, 4))"))

# Firebase: the parameters are those that its own repository (firebase/scrypt) publishes with an example.
firebase = {"signer_key": "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
            "salt_separator": "Bw==", "rounds": 8, "mem_cost": 14}
accounts = [{"password": "user1password", "salt": "42xEC+ixf3L2lw==",
             "hash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
             "by": "firebase/scrypt, README"}]
for password in PASSWORDS:
    script = ("const {FirebaseScrypt}=require('firebase-scrypt');"
              f"new FirebaseScrypt({{memCost:14,rounds:8,saltSeparator:'Bw==',signerKey:'{firebase['signer_key']}'}})"
              f".hash({json.dumps(password)},'c29tZXNhbHQ=').then(h=>process.stdout.write(h))")
    accounts.append({"password": password, "salt": "c29tZXNhbHQ=", "hash": js(script), "by": "npm firebase-scrypt"})

# Stormpath's, from the tests of its SDKs, and Apache Shiro's rounds by Python's hashlib.
add("stormpath sdk, python", "123456", "$stormpath2$MD5$1$OWI3OTQwYjEwODEwOTdkNTcwZDY5NjQ2ZDNlNmZjNzM=$ULWTW74NXPyLYj3VfYHWrg==")
add("stormpath sdk, php", "password", "$stormpath2$MD5$1$NzEyN2ZhYzdkZTAyMjJlMGQyMWYxMWRmZmY2YjA1MWI=$K18Ak0YikAFrqgglhIaY5g==")
add("stormpath sdk, ruby", "qwerty", "$stormpath2$MD5$1$OGYyMmM5YzVlMDEwODEwZTg3MzM4ZTA2YjljZjMxYmE=$EuFAr2NTM83PrizVAYuOvw==")
add("stormpath sdk, ruby", "testing12", "$stormpath2$SHA-512$1$ZFhBRmpFSnEwVEx2ekhKS0JTMDJBNTNmcg==$Q+sGFg9e+pe9QsUdfnbJUMDtrQNf27ezTnnGllBVkQpMRc9bqH6WkyE3y0svD/7cBk8uJW9Wb3dolWwDtDLFjg==")
add("stormpath sdk, no salt", "monkey", "$stormpath2$MD5$1$$0HY+2qnZvSqVFigOkETYhQ==")
b64 = lambda raw: base64.b64encode(raw).decode()
for password in PASSWORDS:
    digest = hashlib.sha256(b"some salt" + password.encode()).digest()
    for _ in range(999):
        digest = hashlib.sha256(digest).digest()
    add("shiro, by hashlib", password, f"$shiro1$SHA-256$1000${b64(b'some salt')}${b64(digest)}")
    add("stormpath1, by hmac", password, f"$stormpath1${b64(b'some salt')}${b64(hmac.digest(b'some salt', password.encode(), 'sha256'))}")
    add("werkzeug scrypt, by hashlib", password, "scrypt:1024:8:1$saltsalt$" + hashlib.scrypt(password.encode(), salt=b"saltsalt", n=1024, r=8, p=1).hex())
    add("werkzeug pbkdf2, by hashlib", password, "pbkdf2:sha512:1000$saltsalt$" + hashlib.pbkdf2_hmac("sha512", password.encode(), b"saltsalt", 1000).hex())
    add("PHC pbkdf2, by hashlib", password, "$pbkdf2-sha384$i=1000,l=48$c2FsdHNhbHQ$" + b64(hashlib.pbkdf2_hmac("sha384", password.encode(), b"saltsalt", 1000)))

print(json.dumps({"texts": vectors, "firebase": {**firebase, "accounts": accounts}}, indent=1, ensure_ascii=False))
