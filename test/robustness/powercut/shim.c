/*
 * Records, in order and with the data, what processes ask of the files below one folder.
 *
 * Loaded with LD_PRELOAD. HOLDFAST_TRACE names the file to append records to, HOLDFAST_TRACE_DIR
 * the folder to watch (absolute, without links). `trace.ts` reads what this writes; the two change
 * together.
 *
 * R1. A change is recorded after it happened and before the caller learns of it. A sync is recorded
 *     when it begins and again when it succeeded. So whatever a caller may rely on stands in the
 *     trace in an order that it may rely on, between threads and between processes.
 * R2. A record is one append of one writev, so that several processes can share a trace.
 * R3. What cannot be recorded (a short write to the trace) aborts the process: a trace with a gap
 *     would prove nothing. Writable mappings are recorded as such, for the reader to judge.
 *
 * Not seen: stdio, dup, link, sendfile, io_uring. The driver compares the trace with the folder
 * that the process left behind, so that a writer that uses those is found out.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
  KIND_OPEN = 1,
  KIND_WRITE,
  KIND_SYNC_BEGIN,
  KIND_SYNC_END,
  KIND_RESIZE,
  KIND_RENAME,
  KIND_UNLINK,
  KIND_MAPPED,
};

enum flag {
  FLAG_TRUNCATES = 1,
  FLAG_DIRECTORY = 2,
  FLAG_WRITES_THROUGH = 4,
};

struct record {
  uint32_t magic;
  uint32_t kind;
  uint32_t process;
  uint32_t handle;
  uint64_t offset;
  uint64_t length;
  uint32_t path_length;
  uint32_t flags;
};

struct watched {
  int active;
  int writes_through;
  uint32_t handle;
};

#define RECORD_MAGIC 0x31434648u /* "HFC1" */
#define FDS_MAX 4096
#define PIECES_MAX 1000

static int trace_fd = -1;
static char folder[PATH_MAX];
static size_t folder_length;
static struct watched table[FDS_MAX];
static atomic_uint handles;

__attribute__((constructor)) static void start(void) {
  const char *trace = getenv("HOLDFAST_TRACE");
  const char *watch = getenv("HOLDFAST_TRACE_DIR");
  if (trace == NULL || watch == NULL || strlen(watch) >= sizeof folder) return;
  strcpy(folder, watch);
  folder_length = strlen(folder);
  trace_fd = (int)syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                          0644);
}

static void give_up(const char *why) {
  dprintf(2, "power-cut shim: %s\n", why);
  abort();
}

/* Appends a record; `pieces` hold `length` bytes of data or more. Leaves errno alone. */
static void append(struct record head, const char *path, const struct iovec *pieces, int count) {
  int kept_errno = errno;
  struct iovec parts[PIECES_MAX + 2];
  size_t left = count > 0 ? head.length : 0;
  size_t total = sizeof head;
  int used = 2;

  if (count > PIECES_MAX) give_up("a write of too many pieces");
  head.magic = RECORD_MAGIC;
  head.process = (uint32_t)getpid();
  head.path_length = (uint32_t)strlen(path);
  parts[0] = (struct iovec){&head, sizeof head};
  parts[1] = (struct iovec){(void *)path, head.path_length};
  total += head.path_length + left;
  for (int index = 0; index < count && left > 0; index += 1) {
    size_t taken = pieces[index].iov_len < left ? pieces[index].iov_len : left;
    parts[used++] = (struct iovec){pieces[index].iov_base, taken};
    left -= taken;
  }
  if (syscall(SYS_writev, trace_fd, parts, used) != (long)total) give_up("the trace is cut short");
  errno = kept_errno;
}

/* The path below the folder ("" for the folder itself), or NULL if it lies elsewhere. */
static const char *below(const char *path, char *space) {
  if (trace_fd < 0) return NULL;
  if (path[0] != '/') {
    char here[PATH_MAX];
    if (getcwd(here, sizeof here) == NULL) return NULL;
    if (snprintf(space, PATH_MAX, "%s/%s", here, path) >= PATH_MAX) return NULL;
    path = space;
  }
  if (strncmp(path, folder, folder_length) != 0) return NULL;
  if (path[folder_length] == '\0') return path + folder_length;
  return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static struct watched *watched_of(int fd) {
  if (fd < 0 || fd >= FDS_MAX || !table[fd].active) return NULL;
  return &table[fd];
}

static void opened(int fd, int at, const char *path, int flags) {
  char space[PATH_MAX];
  struct stat found;
  const char *name;

  if (fd < 0 || (at != AT_FDCWD && path[0] != '/')) return;
  name = below(path, space);
  if (name == NULL) return;
  if (fd >= FDS_MAX) give_up("too many open files");
  if (fstat(fd, &found) != 0) return;
  if (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)) return;
  table[fd].handle = atomic_fetch_add(&handles, 1);
  table[fd].writes_through = (flags & O_DSYNC) != 0;
  table[fd].active = 1;
  struct record head = {.kind = KIND_OPEN, .handle = table[fd].handle};
  if ((flags & O_TRUNC) != 0) head.flags |= FLAG_TRUNCATES;
  if (S_ISDIR(found.st_mode)) head.flags |= FLAG_DIRECTORY;
  append(head, name, NULL, 0);
}

static void wrote(int fd, off_t offset, ssize_t length, const struct iovec *pieces, int count) {
  const struct watched *file = watched_of(fd);
  if (file == NULL || length <= 0) return;
  struct record head = {
      .kind = KIND_WRITE,
      .handle = file->handle,
      .offset = (uint64_t)offset,
      .length = (uint64_t)length,
      .flags = file->writes_through ? FLAG_WRITES_THROUGH : 0,
  };
  append(head, "", pieces, count);
}

/* Where a write that moved the file position began; also right for O_APPEND. */
static off_t began_at(int fd, ssize_t length) {
  return length > 0 ? lseek(fd, 0, SEEK_CUR) - length : 0;
}

static void noted(int fd, enum kind kind, uint64_t length) {
  const struct watched *file = watched_of(fd);
  if (file == NULL) return;
  struct record head = {.kind = kind, .handle = file->handle, .length = length};
  append(head, "", NULL, 0);
}

static void renamed(const char *from, const char *to) {
  char from_space[PATH_MAX];
  char to_space[PATH_MAX];
  const char *old_name = below(from, from_space);
  const char *new_name = below(to, to_space);
  if (old_name == NULL && new_name == NULL) return;
  if (old_name == NULL || new_name == NULL) give_up("a rename across the folder's edge");
  struct iovec piece = {(void *)new_name, strlen(new_name)};
  struct record head = {.kind = KIND_RENAME, .length = piece.iov_len};
  append(head, old_name, &piece, 1);
}

static void unlinked(const char *path) {
  char space[PATH_MAX];
  const char *name = below(path, space);
  if (name == NULL) return;
  struct record head = {.kind = KIND_UNLINK};
  append(head, name, NULL, 0);
}

/* The function that this one stands in front of. */
#define NEXT(name)                      \
  static __typeof__(&name) next = NULL; \
  if (next == NULL) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define MODE_ARGUMENT(flags, mode)              \
  mode_t mode = 0;                              \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
    va_list rest;                               \
    va_start(rest, flags);                      \
    mode = va_arg(rest, mode_t);                \
    va_end(rest);                               \
  }

/* The C library has each call twice, with and without 64 in its name. */
#define HOOK_OPEN(name)                          \
  int name(const char *path, int flags, ...) {   \
    NEXT(name);                                  \
    MODE_ARGUMENT(flags, mode)                   \
    int fd = next(path, flags, mode);            \
    opened(fd, AT_FDCWD, path, flags);           \
    return fd;                                   \
  }
HOOK_OPEN(open)
HOOK_OPEN(open64)

#define HOOK_OPENAT(name)                              \
  int name(int at, const char *path, int flags, ...) { \
    NEXT(name);                                        \
    MODE_ARGUMENT(flags, mode)                         \
    int fd = next(at, path, flags, mode);              \
    opened(fd, at, path, flags);                       \
    return fd;                                         \
  }
HOOK_OPENAT(openat)
HOOK_OPENAT(openat64)

int close(int fd) {
  NEXT(close);
  if (fd >= 0 && fd < FDS_MAX) table[fd].active = 0;
  return next(fd);
}

ssize_t write(int fd, const void *data, size_t size) {
  NEXT(write);
  ssize_t length = next(fd, data, size);
  if (watched_of(fd) == NULL) return length;
  struct iovec piece = {(void *)data, size};
  wrote(fd, began_at(fd, length), length, &piece, 1);
  return length;
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
  NEXT(writev);
  ssize_t length = next(fd, pieces, count);
  if (watched_of(fd) != NULL) wrote(fd, began_at(fd, length), length, pieces, count);
  return length;
}

#define HOOK_PWRITE(name, offset_t)                                      \
  ssize_t name(int fd, const void *data, size_t size, offset_t offset) { \
    NEXT(name);                                                          \
    ssize_t length = next(fd, data, size, offset);                       \
    struct iovec piece = {(void *)data, size};                           \
    wrote(fd, offset, length, &piece, 1);                                \
    return length;                                                       \
  }
HOOK_PWRITE(pwrite, off_t)
HOOK_PWRITE(pwrite64, off64_t)

#define HOOK_PWRITEV(name, offset_t)                                              \
  ssize_t name(int fd, const struct iovec *pieces, int count, offset_t offset) { \
    NEXT(name);                                                                   \
    ssize_t length = next(fd, pieces, count, offset);                             \
    wrote(fd, offset, length, pieces, count);                                     \
    return length;                                                                \
  }
HOOK_PWRITEV(pwritev, off_t)
HOOK_PWRITEV(pwritev64, off64_t)

#define HOOK_SYNC(name)                                  \
  int name(int fd) {                                     \
    NEXT(name);                                          \
    noted(fd, KIND_SYNC_BEGIN, 0);                       \
    int result = next(fd);                               \
    if (result == 0) noted(fd, KIND_SYNC_END, 0);        \
    return result;                                       \
  }
HOOK_SYNC(fsync)
HOOK_SYNC(fdatasync)

#define HOOK_RESIZE(name, offset_t)                                  \
  int name(int fd, offset_t size) {                                  \
    NEXT(name);                                                      \
    int result = next(fd, size);                                     \
    if (result == 0) noted(fd, KIND_RESIZE, (uint64_t)size);         \
    return result;                                                   \
  }
HOOK_RESIZE(ftruncate, off_t)
HOOK_RESIZE(ftruncate64, off64_t)

int rename(const char *from, const char *to) {
  NEXT(rename);
  int result = next(from, to);
  if (result == 0) renamed(from, to);
  return result;
}

int unlink(const char *path) {
  NEXT(unlink);
  int result = next(path);
  if (result == 0) unlinked(path);
  return result;
}

int unlinkat(int at, const char *path, int flags) {
  NEXT(unlinkat);
  int result = next(at, path, flags);
  int named = at == AT_FDCWD || path[0] == '/';
  if (result == 0 && named && (flags & AT_REMOVEDIR) == 0) unlinked(path);
  return result;
}

/* Mappings go straight to the kernel: the loader maps before `dlsym` can be asked for anything. */
static void *map(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  void *result = (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
  int writable = (protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0;
  if (result != MAP_FAILED && writable) noted(fd, KIND_MAPPED, size);
  return result;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  return map(at, size, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset) {
  return map(at, size, protection, flags, fd, offset);
}
