import Foundation

/// A dictionary of bounded size whose entries expire; what has not been used for long makes room first.
///
/// Two generations: entries are added to the young one; when it has taken half the capacity it becomes the old one, and
/// the former old one is dropped whole. An old entry that is used moves back. So every operation takes constant time.
struct BoundedCache<Key: Hashable, Value> {
    private struct Entry {
        var value: Value
        var expiresAt: Date
    }

    private let generationSize: Int
    private var young: [Key: Entry] = [:]
    private var old: [Key: Entry] = [:]

    /// An empty cache for at most `capacity` entries.
    init(capacity: Int) {
        generationSize = max(1, capacity / 2)
    }

    var count: Int { young.count + old.count }

    mutating func value(for key: Key, at now: Date) -> Value? {
        if let entry = young[key] {
            return entry.expiresAt > now ? entry.value : nil
        }
        guard let entry = old.removeValue(forKey: key), entry.expiresAt > now else { return nil }
        insert(entry, for: key)
        return entry.value
    }

    mutating func insert(_ value: Value, for key: Key, until expiresAt: Date) {
        old.removeValue(forKey: key)
        insert(Entry(value: value, expiresAt: expiresAt), for: key)
    }

    mutating func remove(_ key: Key) {
        young.removeValue(forKey: key)
        old.removeValue(forKey: key)
    }

    private mutating func insert(_ entry: Entry, for key: Key) {
        if young.count >= generationSize, young[key] == nil {
            old = young
            young.removeAll(keepingCapacity: true)
        }
        young[key] = entry
    }
}
