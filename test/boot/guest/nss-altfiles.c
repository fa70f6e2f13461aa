/* SPDX-License-Identifier: LGPL-2.1-or-later */
// Name service module for /usr/lib/passwd and /usr/lib/group. Debian packages none; images of this kind keep their system users there.
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define DEFINE(kind, type, reader, file, id_type, id_field, by_name, by_id, set, get, end)                                        \
  static __thread FILE *kind##_stream;                                                                                             \
  static enum nss_status kind##_next(FILE *stream, struct type *result, char *buffer, size_t size, int *error) {                   \
    struct type *found;                                                                                                            \
    int code = reader(stream, result, buffer, size, &found);                                                                       \
    if (code == 0) return NSS_STATUS_SUCCESS;                                                                                      \
    *error = code == ERANGE ? ERANGE : ENOENT;                                                                                     \
    return code == ERANGE ? NSS_STATUS_TRYAGAIN : NSS_STATUS_NOTFOUND;                                                             \
  }                                                                                                                                \
  static enum nss_status kind##_find(const char *name, id_type id, struct type *result, char *buffer, size_t size, int *error) {   \
    FILE *stream = fopen(file, "re");                                                                                              \
    enum nss_status status;                                                                                                        \
    if (!stream) return NSS_STATUS_UNAVAIL;                                                                                        \
    while ((status = kind##_next(stream, result, buffer, size, error)) == NSS_STATUS_SUCCESS)                                      \
      if (name ? strcmp(result->kind##_name, name) == 0 : result->id_field == id) break;                                           \
    fclose(stream);                                                                                                                \
    return status;                                                                                                                 \
  }                                                                                                                                \
  enum nss_status by_name(const char *name, struct type *result, char *buffer, size_t size, int *error) {                          \
    return kind##_find(name, 0, result, buffer, size, error);                                                                      \
  }                                                                                                                                \
  enum nss_status by_id(id_type id, struct type *result, char *buffer, size_t size, int *error) {                                  \
    return kind##_find(NULL, id, result, buffer, size, error);                                                                     \
  }                                                                                                                                \
  enum nss_status end(void) {                                                                                                      \
    if (kind##_stream) fclose(kind##_stream);                                                                                      \
    kind##_stream = NULL;                                                                                                          \
    return NSS_STATUS_SUCCESS;                                                                                                     \
  }                                                                                                                                \
  enum nss_status set(int stay_open) {                                                                                             \
    (void)stay_open;                                                                                                               \
    end();                                                                                                                         \
    kind##_stream = fopen(file, "re");                                                                                             \
    return kind##_stream ? NSS_STATUS_SUCCESS : NSS_STATUS_UNAVAIL;                                                                \
  }                                                                                                                                \
  enum nss_status get(struct type *result, char *buffer, size_t size, int *error) {                                                \
    long before;                                                                                                                   \
    enum nss_status status;                                                                                                        \
    if (!kind##_stream && set(0) != NSS_STATUS_SUCCESS) return NSS_STATUS_UNAVAIL;                                                 \
    before = ftell(kind##_stream);                                                                                                 \
    status = kind##_next(kind##_stream, result, buffer, size, error);                                                              \
    /* the caller comes again with more room, and wants the same line */                                                           \
    if (status == NSS_STATUS_TRYAGAIN) fseek(kind##_stream, before, SEEK_SET);                                                     \
    return status;                                                                                                                 \
  }

DEFINE(pw, passwd, fgetpwent_r, "/usr/lib/passwd", uid_t, pw_uid, _nss_altfiles_getpwnam_r, _nss_altfiles_getpwuid_r,
       _nss_altfiles_setpwent, _nss_altfiles_getpwent_r, _nss_altfiles_endpwent)
DEFINE(gr, group, fgetgrent_r, "/usr/lib/group", gid_t, gr_gid, _nss_altfiles_getgrnam_r, _nss_altfiles_getgrgid_r,
       _nss_altfiles_setgrent, _nss_altfiles_getgrent_r, _nss_altfiles_endgrent)
