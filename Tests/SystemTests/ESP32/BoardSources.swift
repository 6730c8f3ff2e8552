import Foundation
import LocalStack

/// The sources in `tools/esp32`, compiled for this machine.
struct BoardSources {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("tools/esp32").path

    /// Where the program and what the compiler says go.
    let folder: String

    /// Compiles the core with what is in a folder beside it.
    ///
    /// - Returns: The path of the program.
    /// - Throws: ``LocalStackError`` with what the compiler found.
    func program(with name: String) async throws -> String {
        let program = "\(folder)/\(name)"
        let sources = try ["src/core", name].flatMap { try Self.sources(in: "\(Self.root)/\($0)") }
        let options = [
            "-std=c++17", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined",
            "-fno-sanitize-recover=all", "-o", program,
        ]
        try await ChildProcess.run(
            Command(
                "/usr/bin/g++", options + sources, environment: ["PATH": "/usr/bin:/bin", "TMPDIR": folder],
                log: "\(folder)/compiler"))
        return program
    }

    private static func sources(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".cpp") }.sorted()
            .map { "\(folder)/\($0)" }
    }
}
