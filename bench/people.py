#!/usr/bin/env python3
"""Writes so many accounts of another system, a JSON text a line, of which every thousandth must be refused: `bench/people.py 1000000 > users.ndjson`."""

import sys

# Of "correct horse battery", with cost 10: kept as it comes. The other argument is a weak one, which takes a hash of ours each.
STRONG = "$2b$10$5YJBOO.yUoTxRfZOQQLEMeeJmNr.7FXODFWJafMl5TYUN9654eK0K"
WEAK = "{SSHA}Vu3DLlGWYSIhd9C/1Laveqyx1ROr1fpf"

count = int(sys.argv[1])
password_hash = WEAK if sys.argv[2:] == ["weak"] else STRONG
for number in range(count):
    if number % 1000 == 999:
        print(f'{{"email":"person {number} has no address"}}')
        continue
    print(f'{{"email":"person-{number}@example.com","email_verified":true,"name":"Person {number}","password_hash":"{password_hash}"}}')
