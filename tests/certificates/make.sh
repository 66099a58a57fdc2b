#!/bin/sh
# Makes the certificates of this folder anew: for tests only, their keys are public. Needs OpenSSL 3.
set -eu
cd "$(dirname "$0")"
new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
ca() {
  new_key "$1.key"
  openssl req -x509 -new -key "$1.key" -days 36500 -subj "/O=Tests/CN=$1" -out "$1.crt" \
    -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign
}
# leaf NAME ISSUER DAYS SUBJECT EXTENSIONS
leaf() {
  new_key "$1.key"
  printf '%s\n' "$5" >ext
  openssl req -new -key "$1.key" -subj "$4" -multivalue-rdn -out csr
  openssl x509 -req -in csr -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days "$3" -extfile ext -out "$1.crt"
}
SUBJECT='/C=DE/O=Example, Inc./CN=reports'
NAMES='subjectAltName=DNS:reports.example.com,URI:spiffe://example.com/reports,IP:192.0.2.7,IP:2001:db8::7,email:reports@example.com'
CLIENT='basicConstraints=critical,CA:false
extendedKeyUsage=clientAuth'
ca authority
ca stranger-authority
leaf intermediate authority 36500 '/O=Tests/CN=intermediate' 'basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign'
leaf client authority 36500 "$SUBJECT" "$CLIENT
$NAMES"
leaf other authority 36500 '/CN=other' "$CLIENT"
leaf deep intermediate 36500 "$SUBJECT" "$CLIENT
$NAMES"
leaf stranger stranger-authority 36500 "$SUBJECT" "$CLIENT
$NAMES"
# Over before the tests begin, in January 2027.
leaf expired authority 20 "$SUBJECT" "$CLIENT
$NAMES"
leaf of-server authority 36500 "$SUBJECT" "basicConstraints=critical,CA:false
extendedKeyUsage=serverAuth
$NAMES"
new_key self.key
openssl req -x509 -new -key self.key -days 36500 -subj /CN=self -out self.crt
# Another certificate of the same key.
openssl req -x509 -new -key self.key -days 36500 -subj /CN=self -out self-again.crt
rm -f ./*.srl csr ext ./*authority.key intermediate.key
