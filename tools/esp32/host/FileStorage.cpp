#include "FileStorage.h"

#include <cstdio>

#include <sys/stat.h>
#include <unistd.h>

namespace {

bool write(const std::string &path, const char *mode, const void *bytes, size_t count) {
    std::FILE *const file = std::fopen(path.c_str(), mode);
    if (file == nullptr) { return false; }
    const bool isWritten = std::fwrite(bytes, 1, count, file) == count;
    return (std::fclose(file) == 0) && isWritten;
}

}  // namespace

long FileStorage::size(const char *name) {
    struct stat status = {};
    return stat(path(name).c_str(), &status) == 0 ? static_cast<long>(status.st_size) : -1;
}

size_t FileStorage::read(const char *name, size_t offset, void *bytes, size_t count) {
    std::FILE *const file = std::fopen(path(name).c_str(), "rb");
    if (file == nullptr) { return 0; }
    size_t there = 0;
    if (std::fseek(file, static_cast<long>(offset), SEEK_SET) == 0) { there = std::fread(bytes, 1, count, file); }
    std::fclose(file);
    return there;
}

bool FileStorage::append(const char *name, const void *bytes, size_t count) {
    return write(path(name), "ab", bytes, count);
}

bool FileStorage::replace(const char *name, const void *bytes, size_t count) {
    const std::string temporary = path(name) + "~";
    return write(temporary, "wb", bytes, count) && std::rename(temporary.c_str(), path(name).c_str()) == 0;
}

bool FileStorage::remove(const char *name) { return unlink(path(name).c_str()) == 0; }
