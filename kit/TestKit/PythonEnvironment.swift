import Foundation
import LocalStack
import Synchronization

/// Programs from PyPI that others have written, for tests to speak to: in a virtual environment for each list of them.
public enum PythonEnvironment {
    private static let made = Mutex<[[String]: Task<String, any Error>]>([:])

    /// The path of a Python that has the packages.
    ///
    /// - Parameters:
    ///   - packages: As pip takes them, with their versions: `aiosmtpd==1.4.6`.
    ///   - name: The environment's folder below `.lms`, where it is kept for the next run.
    /// - Throws: `LocalStackError` when they cannot be installed.
    public static func python(with packages: [String], name: String) async throws -> String {
        let task = made.withLock { made in
            let task = made[packages] ?? Task { try await make(packages, name) }
            made[packages] = task
            return task
        }
        return try await task.value
    }

    private static func make(_ packages: [String], _ name: String) async throws -> String {
        let state = URL(filePath: #filePath).appending(path: "../../../.lms").standardized.path
        try FileManager.default.createDirectory(atPath: state + "/tests", withIntermediateDirectories: true)
        let venv = "\(state)/\(name)-venv"
        let script = """
            venv=$1; shift
            [ "$(cat "$venv/installed.txt" 2>/dev/null)" = "$*" ] && exit
            python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "$@" &&
                echo "$*" >"$venv/installed.txt"
            """
        try await ChildProcess.run(
            Command(
                "/bin/sh", ["-c", script, "sh", venv] + packages, environment: ProcessInfo.processInfo.environment,
                log: "\(state)/tests/\(name)-pip.log"))
        return venv + "/bin/python"
    }
}
