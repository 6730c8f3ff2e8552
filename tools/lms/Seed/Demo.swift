import Foundation

/// The devices of the demo laboratory.
enum Demo {
    /// Made-up rooms, and the rack that was recorded.
    ///
    /// - Throws: As ``rack(interval:)``.
    static func devices(rooms: Int, interval: Double) throws -> [Simulator.Model] {
        Simulator.rooms(rooms, interval: interval) + [try rack(interval: interval)]
    }

    /// A server rack whose monitor replays `Demo/lab.csv`.
    ///
    /// - Throws: ``Recording/ParseError``, or what reading the file throws.
    static func rack(interval: Double) throws -> Simulator.Model {
        let file = Bundle.module.bundleURL.appending(path: "Demo/lab.csv")
        let recording = try Recording(csv: String(contentsOf: file, encoding: .utf8))
        return Simulator.replay(recording, name: "Server rack monitor (recorded)", interval: interval)
    }
}
