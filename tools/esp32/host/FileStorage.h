#pragma once

#include <string>

#include "../src/core/Storage.h"

/// The board's flash as a folder.
class FileStorage : public lms::Storage {
public:
    explicit FileStorage(std::string folder) : folder_(std::move(folder)) {}

    long size(const char *name) override;
    size_t read(const char *name, size_t offset, void *bytes, size_t count) override;
    bool append(const char *name, const void *bytes, size_t count) override;
    bool replace(const char *name, const void *bytes, size_t count) override;
    bool remove(const char *name) override;

private:
    std::string path(const char *name) const { return folder_ + "/" + name; }

    const std::string folder_;
};
