import FoundationEssentials
import LocalStack

/// The devices that the simulator has registered, with their keys, so that the next run is the same devices.
struct Roster: Sendable, Codable, Hashable {
    struct Entry: Sendable, Codable, Hashable {
        /// What it is called; unique in the roster.
        let name: String
        let serialNumber: String
        /// Written down before the device is registered: asked again after a crash, the gateway answers the same
        /// device and key.
        let idempotencyKey: String
        var deviceID: String?
        var apiKey: String?
    }

    let gateway: String
    let organizationID: String
    private(set) var entries: [Entry] = []

    init(gateway: String, organizationID: String) {
        self.gateway = gateway
        self.organizationID = organizationID
    }

    /// The roster that `file` holds, if it is one of this gateway and organization; else an empty one.
    static func load(from file: PrivateFile, gateway: String, organizationID: String) -> Roster {
        let kept = file.read().flatMap { try? JSONDecoder().decode(Roster.self, from: Data($0.utf8)) }
        if let kept, kept.gateway == gateway, kept.organizationID == organizationID { return kept }
        return Roster(gateway: gateway, organizationID: organizationID)
    }

    /// - Throws: `LocalStackError`.
    func save(to file: PrivateFile) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try file.write(String(decoding: try encoder.encode(self), as: UTF8.self) + "\n")
    }

    /// The entry called `name`, made when there is none.
    mutating func entry(named name: String) -> Entry {
        if let known = entries.first(where: { $0.name == name }) { return known }
        let new = Entry(
            name: name, serialNumber: "SIM-" + UUID().uuidString.prefix(8), idempotencyKey: UUID().uuidString)
        entries.append(new)
        return new
    }

    mutating func setDevice(_ device: RegisteredDevice, for name: String) {
        guard let index = entries.firstIndex(where: { $0.name == name }) else { return }
        entries[index].deviceID = device.id
        entries[index].apiKey = device.apiKey
    }
}

extension Roster.Entry {
    /// The device and its key, once it has been registered.
    var device: RegisteredDevice? {
        guard let deviceID, let apiKey else { return nil }
        return RegisteredDevice(id: deviceID, apiKey: apiKey)
    }
}
