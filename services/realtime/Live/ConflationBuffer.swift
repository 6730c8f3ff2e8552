import EventBus
import FoundationEssentials

/// What tells frames apart of which the newer replaces the older.
struct ConflationKey: Sendable, Hashable {
    let kind: LiveStream.Kind
    let deviceID: UUID?
    let sensorType: String
    /// Alerts do not replace each other.
    let alert: FrameID?

    init(_ frame: LiveFrame) {
        kind = frame.kind
        deviceID = frame.deviceID
        sensorType = frame.sensorType
        alert = frame.kind == .alert ? frame.id : nil
    }
}

/// What waits for a slow reader: the newest frame of each device and sensor, in the order of their ids.
///
/// It holds so many at most; beyond that the oldest give way. What gave way or was replaced is counted.
struct ConflationBuffer {
    private let capacity: Int
    private var newest: [ConflationKey: LiveFrame] = [:]
    /// The order of arrival; one that has been replaced since is passed over.
    private var order: [(key: ConflationKey, id: FrameID)] = []
    private var head = 0
    private var dropped = 0

    init(capacity: Int = 4096) {
        self.capacity = capacity
    }

    var isEmpty: Bool { newest.isEmpty }
    var count: Int { newest.count }

    mutating func insert(_ frame: LiveFrame) {
        let key = ConflationKey(frame)
        if newest.updateValue(frame, forKey: key) != nil { dropped += 1 }
        order.append((key, frame.id))
        if newest.count > capacity, popFirst() != nil { dropped += 1 }
        compact()
    }

    /// The frame with the least id.
    mutating func popFirst() -> LiveFrame? {
        while head < order.count {
            let (key, id) = order[head]
            head += 1
            guard let frame = newest[key], frame.id == id else { continue }
            newest[key] = nil
            if newest.isEmpty { removeAll() }
            return frame
        }
        return nil
    }

    /// How many frames were left out since this was last asked.
    mutating func takeDropped() -> Int {
        defer { dropped = 0 }
        return dropped
    }

    mutating func removeAll() {
        newest.removeAll()
        order.removeAll()
        head = 0
    }

    /// Forgets replaced places once they outnumber the others.
    private mutating func compact() {
        guard order.count > 64, order.count > 2 * newest.count else { return }
        order = order[head...].filter { newest[$0.key]?.id == $0.id }
        head = 0
    }
}
