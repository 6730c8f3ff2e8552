import Foundation
import LocalStack
import TestKit

/// The client of `tools/esp32` as a program of this machine, with a folder for its flash: a board that can lose its power
/// and be given it again.
final class Board: Sendable {
    let owner: Owner
    private let program: String
    private let folder: String
    private let fleetKey: String
    private let serialNumber = "board-" + UUID().uuidString.lowercased()

    /// - Parameter program: As it was compiled.
    /// - Throws: ``UnexpectedAnswer`` where there is no fleet key.
    init(_ program: String, in folder: String, of owner: Owner) async throws {
        self.owner = owner
        self.program = program
        self.folder = folder
        let answer = try await owner.api.post("/api/v1/devices/provisioning-keys", ["name": "Boards"])
        guard answer.status == 201, let key = answer.json["provisioning_key"].string else {
            throw UnexpectedAnswer(response: answer)
        }
        fleetKey = key
    }

    /// Gives it power.
    ///
    /// - Parameters:
    ///   - interval: Milliseconds between two readings.
    ///   - pause: Milliseconds before each piece of a firmware.
    func start(measuringEvery interval: Int = 100, pausingFor pause: Int = 0) async throws -> ChildProcess {
        try await ChildProcess.start(
            Command(
                program,
                [
                    "--gateway", "127.0.0.1:\(owner.installation.port)", "--fleet-key", fleetKey, "--serial",
                    serialNumber, "--state", folder + "/flash", "--measure-every", "\(interval)", "--download-pause",
                    "\(pause)",
                ], log: folder + "/log"))
    }

    /// What it has printed since it was new, line by line.
    var lines: [String] {
        // Nothing, until it was started.
        let text = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// What stands behind `beginning` in the lines that begin so.
    func lines(beginning: String) -> [String] {
        lines.filter { $0.hasPrefix(beginning) }.map { String($0.dropFirst(beginning.count)) }
    }

    /// The image in a slot of its flash.
    func image(inSlot slot: Int) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/flash/slot\(slot)")))
    }

    /// The device that it has become; nil as long as there is none.
    func device() async throws -> JSONValue? {
        let devices = try await owner.api.get("/api/v1/devices?q=\(serialNumber)").json["items"].array ?? []
        return devices.first
    }

    /// Its device's id, once it has one.
    func id() async throws -> String {
        try await eventually(within: .seconds(30)) { try await device()?["id"].string }
    }
}
