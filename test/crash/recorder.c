/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file system (FUSE) of some image files which appends everything that is written to them to a log, in order: what a disk sees below a
 * file system. Environment: RECORDER_DIR holds the images, RECORDER_LOG the log. One thread only (-s): the log's order is the disk's.
 *
 * A record: struct record, then `length` bytes of data for a write. An fsync of a loop device's file is the disk's flush.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KIND_WRITE = 1, KIND_FLUSH = 2 };
struct record { uint32_t kind, length; uint64_t offset; char image[32]; };

static const char *directory;
static int log_fd;

static int open_image(const char *path)
{
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s%s", directory, path);
    return open(name, O_RDWR | O_NOFOLLOW);
}

static void log_all(const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t done = write(log_fd, at, length);
        if (done <= 0) abort();
        at += done;
        length -= done;
    }
}

static void log_record(uint32_t kind, const char *path, uint64_t offset, const void *data, uint32_t length)
{
    struct record record = { kind, length, offset, { 0 } };
    strncpy(record.image, path + 1, sizeof record.image - 1);
    log_all(&record, sizeof record);
    if (length > 0) log_all(data, length);
}

static int image_getattr(const char *path, struct stat *out, struct fuse_file_info *info)
{
    (void)info;
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s%s", directory, path);
    return lstat(name, out) == 0 ? 0 : -errno;
}

static int image_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
    (void)path, (void)offset, (void)info, (void)flags;
    DIR *images = opendir(directory);
    if (!images) return -errno;
    for (struct dirent *entry; (entry = readdir(images));) fill(buffer, entry->d_name, 0, 0, 0);
    closedir(images);
    return 0;
}

static int image_open(const char *path, struct fuse_file_info *info)
{
    int fd = open_image(path);
    if (fd < 0) return -errno;
    info->fh = fd;
    /* nothing may be kept back here: the page cache would merge and reorder */
    info->direct_io = 1;
    return 0;
}

static int image_release(const char *path, struct fuse_file_info *info)
{
    (void)path;
    close(info->fh);
    return 0;
}

static int image_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info)
{
    (void)path;
    ssize_t done = pread(info->fh, buffer, size, offset);
    return done < 0 ? -errno : (int)done;
}

static int image_write(const char *path, const char *data, size_t size, off_t offset, struct fuse_file_info *info)
{
    log_record(KIND_WRITE, path, offset, data, size);
    ssize_t done = pwrite(info->fh, data, size, offset);
    return done < 0 ? -errno : (int)done;
}

static int image_fsync(const char *path, int only_data, struct fuse_file_info *info)
{
    (void)only_data, (void)info;
    log_record(KIND_FLUSH, path, 0, NULL, 0);
    return 0;
}

/* no discard and no zeroing: they come as writes, or not at all */
static int image_fallocate(const char *path, int mode, off_t offset, off_t length, struct fuse_file_info *info)
{
    (void)path, (void)mode, (void)offset, (void)length, (void)info;
    return -EOPNOTSUPP;
}

static const struct fuse_operations operations = {
    .getattr = image_getattr, .readdir = image_readdir, .open = image_open, .release = image_release,
    .read = image_read, .write = image_write, .fsync = image_fsync, .fallocate = image_fallocate,
};

int main(int argc, char **argv)
{
    directory = getenv("RECORDER_DIR");
    const char *log_name = getenv("RECORDER_LOG");
    if (!directory || !log_name) return 2;
    log_fd = open(log_name, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log_fd < 0) return perror(log_name), 1;
    return fuse_main(argc, argv, &operations, NULL);
}
