#pragma once

#include <functional>
#include <string>

#include "../src/core/FirmwareSlot.h"

/// The two slots as files, and which of them runs as a third one. Images are not run: it is the same program always.
class FileSlot : public lms::FirmwareSlot {
public:
    FileSlot(std::string folder, std::function<void()> restart);

    uint8_t running() override { return running_; }
    uint8_t other() override { return running_ == 0 ? 1 : 0; }
    size_t capacity() override { return 4 << 20; }
    bool write(size_t offset, const void *bytes, size_t count) override;
    bool read(size_t offset, void *bytes, size_t count) override;
    bool activate() override;
    void confirm() override {}
    void rollBack() override;

private:
    std::string path(uint8_t slot) const { return folder_ + "/slot" + std::to_string(slot); }

    const std::string folder_;
    const std::function<void()> restart_;
    uint8_t running_ = 0;
};
