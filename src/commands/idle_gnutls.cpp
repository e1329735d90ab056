// libpq links OpenLDAP, and that GnuTLS, which sets itself up as soon as it is loaded, for nearly a
// megabyte. It asks this function first; OpenLDAP sets it up itself when it needs it (gnutls.h,
// GNUTLS_SKIP_GLOBAL_INIT).
extern "C" [[gnu::visibility("default")]] int _gnutls_global_init_skip() {
  return 1;
}
