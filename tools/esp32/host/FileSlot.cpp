#include "FileSlot.h"

#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

FileSlot::FileSlot(std::string folder, std::function<void()> restart)
    : folder_(std::move(folder)), restart_(std::move(restart)) {
    if (std::FILE *const file = std::fopen((folder_ + "/running").c_str(), "rb")) {
        running_ = std::fgetc(file) == '1' ? 1 : 0;
        std::fclose(file);
    }
}

bool FileSlot::write(size_t offset, const void *bytes, size_t count) {
    const int file = open(path(other()).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) { return false; }
    struct stat status = {};
    bool isWritten = fstat(file, &status) == 0;
    // What flash would have erased, and what it could not be written on.
    if (offset % kSector == 0) {
        isWritten = isWritten && ftruncate(file, static_cast<off_t>(offset)) == 0;
    } else {
        isWritten = isWritten && status.st_size == static_cast<off_t>(offset);
    }
    isWritten = isWritten && pwrite(file, bytes, count, static_cast<off_t>(offset)) == static_cast<ssize_t>(count);
    return close(file) == 0 && isWritten;
}

bool FileSlot::read(size_t offset, void *bytes, size_t count) {
    const int file = open(path(other()).c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) { return false; }
    const bool isRead = pread(file, bytes, count, static_cast<off_t>(offset)) == static_cast<ssize_t>(count);
    close(file);
    return isRead;
}

bool FileSlot::activate() {
    const std::string name = folder_ + "/running", temporary = name + "~";
    std::FILE *const file = std::fopen(temporary.c_str(), "wb");
    if (file == nullptr) { return false; }
    const bool isWritten = std::fputc(other() == 1 ? '1' : '0', file) != EOF;
    return std::fclose(file) == 0 && isWritten && std::rename(temporary.c_str(), name.c_str()) == 0;
}

void FileSlot::rollBack() {
    if (activate()) { restart_(); }
}
