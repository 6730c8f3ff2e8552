import Kernel

/// What is new in the settings of a device.
struct ConfigChanges: Sendable, Hashable {
    /// The settings that were not there, or were others, as they are now.
    let changed: [String: AnyJSON]
    /// The names of those that are there no longer.
    let deleted: [String]

    /// Settings are compared as a whole, each with the one of its name.
    init(from earlier: [String: AnyJSON], to current: [String: AnyJSON]) {
        changed = current.filter { earlier[$0.key] != $0.value }
        deleted = earlier.keys.filter { current[$0] == nil }.sorted()
    }

    var isEmpty: Bool { changed.isEmpty && deleted.isEmpty }
}
