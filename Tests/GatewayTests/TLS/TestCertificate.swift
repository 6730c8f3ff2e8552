import Foundation

@testable import Gateway

/// A folder with certificates for `localhost` that nobody has signed but themselves.
struct TestCertificate: Sendable {
    let folder: URL

    var certificate: String { folder.appending(path: "certificate.pem").path }
    var key: String { folder.appending(path: "key.pem").path }

    /// Runs `body` with a certificate in a folder that is removed afterwards.
    static func with<Result>(
        _ body: (TestCertificate) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = TestCertificate(folder: folder)
        try await files.make(organization: "first")
        return try await body(files)
    }

    /// Replaces the certificate, or makes another one of that name, with a key of its own.
    func make(organization: String, name: String = "certificate", key: String = "key") async throws {
        let made = try await Command.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/O=\(organization)/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "new-key.pem",
                "-out", "new-certificate.pem",
            ], in: folder)
        guard made.status == 0 else { throw CocoaError(.executableLoad) }
        try replace("\(key).pem", by: "new-key.pem")
        try replace("\(name).pem", by: "new-certificate.pem")
    }

    private func replace(_ name: String, by other: String) throws {
        let (from, to) = (folder.appending(path: other).path, folder.appending(path: name).path)
        guard rename(from, to) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    /// The settings of the section `tls`.
    func settings(_ more: String = "") -> String {
        """
              certificate: \(certificate)
              key: \(key)
              port: 0
              reload_interval: 100ms
        \(more)
        """
    }
}

/// A program that is run to its end.
enum Command {
    struct Result: Sendable {
        let status: Int32
        /// What it wrote to both outputs.
        let output: String
    }

    static func run(
        _ program: String, _ arguments: [String], input: String = "", in folder: URL? = nil
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            // Waiting for a process blocks, which the threads of tasks must not.
            DispatchQueue.global().async {
                continuation.resume(with: Swift.Result { try runBlocking(program, arguments, input, folder) })
            }
        }
    }

    private static func runBlocking(
        _ program: String, _ arguments: [String], _ input: String, _ folder: URL?
    ) throws -> Result {
        let process = Process()
        let outputs = Pipe()
        // A file, as writing into the pipe of a process that has ended is a signal.
        let inputFile = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(input.utf8).write(to: inputFile)
        defer { try? FileManager.default.removeItem(at: inputFile) }
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = folder }
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        process.standardOutput = outputs
        process.standardError = outputs
        try process.run()
        let output = try outputs.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Result(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    }
}
