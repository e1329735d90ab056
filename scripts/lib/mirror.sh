# Sourced by the scripts: where this machine has its Debian packages from.
# shellcheck shell=bash disable=SC2034

# debian_mirror [LABEL]: the address of the first one, of Debian itself by default. "Debian-Security" is the
# label of the other. Prints nothing where apt has none.
debian_mirror() {
  # shellcheck disable=SC2016 # apt's own variable
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Label: ${1:-Debian}" |
    sed -n 1p
}
