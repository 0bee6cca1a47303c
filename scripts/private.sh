# shellcheck shell=bash
# Read by the scripts of the private servers: what they say, the ports they take, how they are installed. `me` is the script's name.

say() { printf '%s: %s\n' "${me:?}" "$*" >&2; }
die() { say "$*"; exit 1; }

# Below 32768, where the ports of outgoing connections begin, and above the well-known ones.
free_port() {
  local candidate
  for _ in {1..200}; do
    candidate=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; then echo "$candidate"; return; fi
  done
  die "no free port between 20000 and 32000"
}

# Root already, or sudo that works: without a password, or with somebody at the terminal to give it.
may_be_root() {
  ((EUID == 0)) || { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 && -t 2 ]]; }; }
}

# install_debian PACKAGE, whose service has the same name.
# policy-rc.d keeps the package from starting the system's service; whatever stood there before comes back.
install_debian() {
  local package=$1 as_root=() policy=/usr/sbin/policy-rc.d
  if ((EUID != 0)); then as_root=(sudo); fi
  # shellcheck disable=SC2016 # the inner shell expands them
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive bash -euc '
    policy=$1 package=$2
    if [ -e "$policy" ]; then mv "$policy" "$policy.placement-hub"; fi
    restore() { rm -f "$policy"; if [ -e "$policy.placement-hub" ]; then mv "$policy.placement-hub" "$policy"; fi; }
    trap restore EXIT
    printf "#!/bin/sh\nexit 101\n" >"$policy"; chmod 755 "$policy"
    apt-get update -q && apt-get install -q -y --no-install-recommends "$package"
    if command -v systemctl >/dev/null; then systemctl disable --quiet "$package" 2>/dev/null || true; fi
  ' install "$policy" "$package" >&2
}
