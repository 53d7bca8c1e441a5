#!/usr/bin/env bash
# Installs the foreign tools that the suites judge with, when they are missing and we may; else names the command that does.
set -euo pipefail

missing=()
need_command() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need_file() { [ -e "$1" ] || missing+=("$2"); }

need_command openssl openssl
need_command curl curl
need_command jq jq
need_command qpdf qpdf
need_command pdftoppm poppler-utils
need_command javac default-jdk-headless
need_file /usr/share/java/bcprov.jar libbcprov-java
need_file /usr/share/java/bcpkix.jar libbcpkix-java
need_file /usr/share/java/bcutil.jar libbcutil-java
need_file /usr/bin/chromium chromium
need_command softhsm2-util softhsm2
need_file /usr/sbin/nginx nginx-light
need_command gcc gcc
need_file /usr/include/stdlib.h libc6-dev
[ ${#missing[@]} -eq 0 ] && exit 0

command="apt-get install -y --no-install-recommends ${missing[*]}"
if ! command -v apt-get >/dev/null 2>&1; then
  echo "The suites need these Debian packages, or their like on this system: ${missing[*]}" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "The suites need system packages that only root can install. Run: sudo $command" >&2
  exit 1
fi

echo "installing system packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Nothing that comes with a server starts it: the suites start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$log" "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
# A mirror may fail for a moment: the same is tried once more.
for attempt in 1 2; do
  if { apt-get update -qq && $command; } </dev/null >"$log" 2>&1; then
    exit 0
  fi
  echo "attempt $attempt failed" >&2
done
tail -n 20 "$log" >&2
echo "The system packages could not be installed. Run: $command" >&2
exit 1
