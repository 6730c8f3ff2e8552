#if defined(ARDUINO_ARCH_ESP32)

#include "ArduinoFirmwareSlot.h"

#include <esp_ota_ops.h>
#include <esp_partition.h>
#include <esp_system.h>

/// Arduino would take a new image for good as soon as it has started; here that is for the server's answer to show.
extern "C" bool verifyRollbackLater() { return true; }

namespace lms {

namespace {

constexpr uint8_t kNone = 0xFF;

const esp_partition_t *otherPartition() { return esp_ota_get_next_update_partition(nullptr); }

uint8_t number(const esp_partition_t *partition) {
    return partition == nullptr ? kNone : static_cast<uint8_t>(partition->subtype);
}

}  // namespace

uint8_t ArduinoFirmwareSlot::running() { return number(esp_ota_get_running_partition()); }

uint8_t ArduinoFirmwareSlot::other() { return number(otherPartition()); }

size_t ArduinoFirmwareSlot::capacity() {
    const esp_partition_t *const partition = otherPartition();
    return partition == nullptr ? 0 : partition->size;
}

bool ArduinoFirmwareSlot::write(size_t offset, const void *bytes, size_t count) {
    const esp_partition_t *const partition = otherPartition();
    if (partition == nullptr || offset + count > partition->size) { return false; }
    const size_t firstSector = (offset + kSector - 1) / kSector * kSector;
    for (size_t sector = firstSector; sector < offset + count; sector += kSector) {
        if (esp_partition_erase_range(partition, sector, kSector) != ESP_OK) { return false; }
    }
    return esp_partition_write(partition, offset, bytes, count) == ESP_OK;
}

bool ArduinoFirmwareSlot::read(size_t offset, void *bytes, size_t count) {
    const esp_partition_t *const partition = otherPartition();
    return partition != nullptr && esp_partition_read(partition, offset, bytes, count) == ESP_OK;
}

bool ArduinoFirmwareSlot::activate() {
    const esp_partition_t *const partition = otherPartition();
    return partition != nullptr && esp_ota_set_boot_partition(partition) == ESP_OK;
}

void ArduinoFirmwareSlot::confirm() { esp_ota_mark_app_valid_cancel_rollback(); }

void ArduinoFirmwareSlot::rollBack() {
    // It returns only where the boot loader knows of no earlier image, or was built without this.
    esp_ota_mark_app_invalid_rollback_and_reboot();
    if (activate()) { esp_restart(); }
}

}  // namespace lms

#endif
