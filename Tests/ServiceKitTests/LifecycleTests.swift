import Foundation
import Testing

@testable import ServiceKit

@Suite struct LifecycleTests {
    @Test(arguments: [
        ([], ServiceCommand.serve), (["serve"], .serve), (["migrate"], .migrate),
        (["migrate", "--check"], .checkMigrations),
    ])
    func argumentsNameACommand(arguments: [String], command: ServiceCommand) throws {
        #expect(try ServiceCommand(arguments: arguments) == command)
    }

    @Test(arguments: [["start"], ["serve", "now"], ["migrate", "--force"], ["--check"]])
    func otherArgumentsAreRefused(arguments: [String]) {
        let error = #expect(throws: UsageError.self) { try ServiceCommand(arguments: arguments) }
        #expect(error?.description.contains("'\(arguments.joined(separator: " "))' is not a command") == true)
    }

    @Test func failuresHaveTheirExitCodes() {
        #expect(ServiceMain.exitCode(for: UsageError(arguments: [])) == 64)
        #expect(ServiceMain.exitCode(for: ConfigurationError.missing(key: "A", expected: "b")) == 78)
        #expect(ServiceMain.exitCode(for: SchemaDifferences(sentences: ["x"])) == 1)
    }

    @Test func failuresAreToldInOneSentence() {
        #expect(ServiceMain.sentence(for: SchemaDifferences(sentences: ["a is missing"])) == "a is missing.")
        #expect(ServiceMain.sentence(for: UsageError(arguments: ["x"])).hasSuffix("'migrate --check'."))
    }
}
