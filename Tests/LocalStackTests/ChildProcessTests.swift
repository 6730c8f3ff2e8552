import FoundationEssentials
import Glibc
import TestKit
import Testing

@testable import LocalStack

/// A class, so that its folder goes with each test.
final class ChildProcessTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/lms-child-" + randomHex(bytes: 6)

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func shell(_ script: String, environment: [String: String] = ["PATH": "/usr/bin:/bin"]) throws -> Command {
        try makeFolder(folder)
        return Command("/bin/sh", ["-c", script], environment: environment, log: folder + "/log")
    }

    @Test func `output and status of a command are kept`() async throws {
        let child = try await ChildProcess.start(shell("echo out; echo err >&2; exit 3"))
        #expect(await child.waitForExit() == .exited(code: 3))
        #expect(await !child.isRunning)
        #expect(lastLines(ofFile: folder + "/log") == ["out", "err"])
    }

    @Test func `a command that fails says where its output is and how it ends`() async throws {
        let command = try shell("echo broken; exit 1")
        await #expect(
            throws: LocalStackError.commandFailed(
                command: "/bin/sh", status: .exited(code: 1), log: command.log, lastLines: ["broken"])
        ) {
            try await ChildProcess.run(command)
        }
    }

    @Test func `a program that is not there is an error and no process`() async throws {
        await #expect(throws: LocalStackError.cannotStart("/nowhere", reason: "No such file or directory")) {
            try await ChildProcess.start(Command("/nowhere", log: "/dev/null"))
        }
    }

    @Test func `nothing of our environment is inherited`() async throws {
        try await ChildProcess.run(shell("env", environment: ["ONLY": "this"]))
        let names = lastLines(ofFile: folder + "/log", count: 100).compactMap { $0.split(separator: "=").first }
        #expect(Set(names).subtracting(["PWD", "SHLVL", "_", "OLDPWD"]) == ["ONLY"])
    }

    @Test func `waiting gives up after its limit`() async throws {
        let child = try await ChildProcess.start(shell("exec sleep 60"))
        #expect(await child.waitForExit(within: .milliseconds(50)) == nil)
        #expect(await child.stop(grace: .seconds(5)) == .signalled(SIGTERM))
    }

    @Test func `a process that ignores the signal is killed`() async throws {
        let child = try await ChildProcess.start(shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"))
        try await eventually { !lastLines(ofFile: folder + "/log").isEmpty }
        #expect(await child.stop(grace: .milliseconds(200)) == .signalled(SIGKILL))
    }

    @Test func `a process that stands still can be stopped`() async throws {
        let child = try await ChildProcess.start(shell("exec sleep 60"))
        await child.send(.stop)
        #expect(await child.stop(grace: .seconds(5)) == .signalled(SIGTERM))
    }
}
