#!/usr/bin/env bash
# Installs the foreign tools that the tests judge with, when they are missing and we may.
set -euo pipefail
missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need openssl openssl
need qpdf qpdf
need pdftoppm poppler-utils
need javac default-jdk-headless
[ -e /usr/share/java/bcprov.jar ] || missing+=(libbcprov-java)
[ -e /usr/share/java/bcpkix.jar ] || missing+=(libbcpkix-java)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "Missing system packages. Run: sudo apt-get install -y ${missing[*]}" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
