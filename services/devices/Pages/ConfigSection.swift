import Foundation
import HTTPKit
import Identity
import Kernel

/// What a device is to work with, beside what it says it works with.
struct ConfigSection: Sendable {
    struct Difference: Sendable {
        let path: String
        let desired: String
        let reported: String
    }

    let version: Int
    /// What the device has made of it, in words.
    let progress: String
    let isApplied: Bool
    let settings: String
    let differences: [Difference]
    let hasDifferences: Bool
    let mayChange: Bool
    let message: String?
    let form: Field

    init(_ config: DeviceConfig, role: Role, _ form: FormState) {
        version = config.version
        isApplied = config.appliedVersion == config.version
        progress =
            switch config.appliedVersion {
            case nil: "The device has not said yet what it works with."
            case config.version?: "The device works with it."
            case let applied?: "The device still works with version \(applied)."
            }
        settings = AnyJSON.object(config.settings).text(indented: true)
        differences = ConfigDifference.between(desired: config.settings, reported: config.reported ?? config.settings)
            .map { difference in
                Difference(
                    path: difference.path, desired: difference.desired?.text(indented: false) ?? "–",
                    reported: difference.reported?.text(indented: false) ?? "–")
            }
        hasDifferences = !differences.isEmpty
        mayChange = role >= .admin
        message = form.message
        self.form = form.field("config", called: "The configuration", settings)
    }
}

extension AnyJSON {
    /// As people read it.
    func text(indented: Bool) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Nothing in it has no lines.
        if indented, self != .object([:]) { encoder.outputFormatting.insert(.prettyPrinted) }
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
