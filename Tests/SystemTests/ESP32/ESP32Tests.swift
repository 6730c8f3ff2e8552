import Foundation
import LocalStack
import Postgres
import TestKit
import Testing

/// The client for ESP32 boards, against the real services. A class, so that its folder goes with each test.
final class ESP32Tests {
    private static let compiled = Task {
        // All tests use the one program, which stays until their process ends and its temporary folder goes.
        try await BoardSources(folder: newFolder("program")).program(with: "host")
    }

    private let folder: String

    init() throws {
        folder = try Self.newFolder("test")
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func newFolder(_ name: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/lms-esp32-\(name)-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private func board(in installation: SystemInstallation? = nil) async throws -> Board {
        let shared = if let installation { installation } else { try await SystemInstallation.shared() }
        return try await Board(Self.compiled.value, in: folder, of: shared.owner())
    }

    @Test func `the tests of the core in C++ pass`() async throws {
        let program = try await BoardSources(folder: folder).program(with: "tests")
        try await ChildProcess.run(Command(program, log: folder + "/log"))
        let log = try String(contentsOfFile: folder + "/log", encoding: .utf8)
        #expect(log.hasSuffix(" passed, 0 failed\n"), "\(log)")
    }

    // MARK: Readings

    @Test func `every reading arrives once, though the board loses its power and the gateway is away`() async throws {
        let installation = try await SystemInstallation.start()
        let gateway = try #require(installation.stack.services[.gateway])
        let board = try await board(in: installation)
        var process = try await board.start()
        let id = try await board.id()
        try await waitForReadings(of: id, board, more: 10)
        #expect(try await board.device()?["model"].string == "host")

        // Before its last readings have been sent, and when nobody takes them.
        await process.stop(with: .kill, grace: .zero)
        process = try await board.start()
        try await waitForReadings(of: id, board, more: 10)
        await gateway.stop()
        try await waitForMeasurements(of: board, more: 20)
        await process.stop(with: .kill, grace: .zero)
        process = try await board.start()
        try await waitForMeasurements(of: board, more: 20)
        try await gateway.start()
        try await waitForReadings(of: id, board, more: 60)

        await process.stop(with: .terminate, grace: .seconds(10))
        process = try await board.start(measuringEvery: 60_000)
        let measured = try Set(board.lines(beginning: "measured ").map { try #require(Double($0)) })
        try await eventually(within: .seconds(60)) { try await measured.isSubset(of: Set(readings(of: id, board))) }
        let stored = try await readings(of: id, board)
        #expect(stored.count == Set(stored).count)
        // A loss of power may come between keeping a reading and saying so, and there were two.
        #expect(stored.count <= board.lines(beginning: "measured ").count + 2)
        await process.stop(grace: .seconds(10))
        await installation.stack.stop()
    }

    /// The values in the table: each reading of a board has its own.
    private func readings(of id: String, _ board: Board) async throws -> [Double] {
        try await board.owner.installation.query(
            """
            SELECT r.value FROM readings.readings AS r JOIN readings.series AS s ON s.id = r.series_id
            WHERE s.device_id = \(UUID(uuidString: id)) AND s.sensor_type = 'count'
            """
        ).map { try $0.decode(Double.self, at: 0) }
    }

    private func waitForReadings(of id: String, _ board: Board, more: Int) async throws {
        let before = try await readings(of: id, board).count
        try await eventually(within: .seconds(60)) { try await readings(of: id, board).count >= before + more }
    }

    private func waitForMeasurements(of board: Board, more: Int) async throws {
        let before = board.lines(beginning: "measured ").count
        try await eventually(within: .seconds(60)) { board.lines(beginning: "measured ").count >= before + more }
    }

    // MARK: Commands and configuration

    @Test func `a command is carried out once, and a restart is reported as a success`() async throws {
        let board = try await board()
        let process = try await board.start()
        let id = try await board.id()
        let first = try await command("calibrate", ["offset": -0.4], for: id, of: board)
        let answer = try await outcome(of: first, of: board)
        #expect(answer["status"] == "succeeded", "\(answer)")
        #expect(answer["result"] == ["carried_out": 1, "parameters": ["offset": -0.4]])
        let restart = try await command("restart", [:], for: id, of: board)
        #expect(try await outcome(of: restart, of: board)["status"] == "succeeded")
        try await eventually(within: .seconds(30)) { board.lines(beginning: "runs firmware ").count == 2 }
        let unknown = try await command("dance", [:], for: id, of: board)
        #expect(try await outcome(of: unknown, of: board)["status"] == "failed")
        #expect(board.lines(beginning: "carried out ") == [first, restart])

        try await eventually(within: .seconds(30)) {
            let logs = try await board.owner.api.get("/api/v1/devices/\(id)/logs").json["items"].array ?? []
            return logs.count { $0["message"] == "The program has started." } == 2
        }
        await process.stop(grace: .seconds(10))
    }

    private func command(
        _ type: String, _ parameters: JSONValue, for id: String, of board: Board
    ) async throws -> String {
        let answer = try await board.owner.api.post(
            "/api/v1/devices/\(id)/commands", ["command_type": .string(type), "parameters": parameters])
        return try #require(answer.json["id"].string, "\(answer)")
    }

    /// The command, once it has come to an end.
    private func outcome(of command: String, of board: Board) async throws -> JSONValue {
        try await eventually(within: .seconds(30)) {
            let answer = try await board.owner.api.get("/api/v1/commands/\(command)").json
            return ["succeeded", "failed", "expired"].contains(answer["status"].string) ? answer : JSONValue?.none
        }
    }

    @Test func `a changed configuration is applied and reported, one that the board refuses is not`() async throws {
        let board = try await board()
        let process = try await board.start()
        let id = try await board.id()
        let path = "/api/v1/devices/\(id)/config"
        let changed = try await board.owner.api.put(path, ["config": ["measure_every_ms": 250]])
        let version = try #require(changed.json["version"].int, "\(changed)")
        try await eventually(within: .seconds(30)) {
            let config = try await board.owner.api.get(path).json
            return config["applied_version"].int == version && config["reported"] == ["measure_every_ms": 250]
        }
        #expect(board.lines(beginning: "measures every ").last == "250 ms")
        let state = try await board.owner.api.get("/api/v1/devices/\(id)/status").json
        #expect(state["battery_level"] == 87.5 && state["wifi_signal_strength"] == -61, "\(state)")

        #expect(try await board.owner.api.put(path, ["config": ["measure_every_ms": 1]]).status == 200)
        try await eventually(within: .seconds(30)) {
            let logs = try await board.owner.api.get("/api/v1/devices/\(id)/logs?level=warning").json
            return logs["items"][0]["message"].string?.contains("configuration") == true
        }
        #expect(try await board.owner.api.get(path).json["applied_version"].int == version)
        await process.stop(grace: .seconds(10))
    }

    // MARK: Firmware

    @Test func `a firmware whose download was interrupted goes on where it was, runs, and is reported as applied`()
        async throws
    {
        let board = try await board()
        var process = try await board.start(measuringEvery: 1000, pausingFor: 200)
        let id = try await board.id()
        let image = (0..<600_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 16) }
        try await publish(image, "1.1.0", of: board)
        let path = "/api/v1/devices/\(id)/firmware"
        try await eventually(within: .seconds(60)) {
            let update = try await board.owner.api.get(path).json["update"]
            return update["state"] == "downloading" && update["progress"].int ?? 0 >= 20
        }
        await process.stop(with: .kill, grace: .zero)
        #expect(board.lines(beginning: "runs firmware ") == ["1.0.0"])

        process = try await board.start(measuringEvery: 1000)
        try await eventually(within: .seconds(60)) {
            try await board.owner.api.get(path).json["update"]["state"] == "applied"
        }
        let shown = try await board.owner.api.get(path).json
        #expect(shown["firmware_version"] == "1.1.0" && shown["update_available"] == false, "\(shown)")
        #expect(board.lines(beginning: "runs firmware ") == ["1.0.0", "1.0.0", "1.1.0"])
        #expect(try board.image(inSlot: 1) == image)
        try await eventually(within: .seconds(30)) {
            let logs = try await board.owner.api.get("/api/v1/devices/\(id)/logs?q=goes%20on").json
            return logs["items"].array?.isEmpty == false
        }
        await process.stop(grace: .seconds(10))
    }

    /// Uploads an image, and makes it the one that boards are to have.
    private func publish(_ image: [UInt8], _ version: String, of board: Board) async throws {
        let stored = try await board.owner.api.send(
            .POST, "/api/v1/firmware?device_type=esp32&firmware_version=\(version)",
            headers: ["content-type": "application/octet-stream"], body: image)
        let id = try #require(stored.json["id"].string, "\(stored)")
        let current = try await board.owner.api.send(.PUT, "/api/v1/firmware/\(id)/current")
        #expect(current.status == 200, "\(current)")
    }
}
