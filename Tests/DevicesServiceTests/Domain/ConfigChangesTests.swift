import Kernel
import Testing

@testable import DevicesService

@Suite struct ConfigChangesTests {
    @Test func `changes are the settings that are new or others, and the names of those that are gone`() {
        let earlier: [String: AnyJSON] = [
            "a": .integer(1), "b": .object(["c": .integer(1), "d": .integer(2)]), "f": .integer(3), "e": .integer(4),
        ]
        let current: [String: AnyJSON] = [
            "a": .integer(1), "b": .object(["c": .integer(1), "d": .integer(3)]), "g": .null,
        ]
        let changes = ConfigChanges(from: earlier, to: current)
        #expect(changes.changed == ["b": .object(["c": .integer(1), "d": .integer(3)]), "g": .null])
        #expect(changes.deleted == ["e", "f"])
        #expect(!changes.isEmpty)
        #expect(ConfigChanges(from: current, to: current).isEmpty)
    }
}
