import Foundation
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import ServiceKit

@Suite struct SchemaTests {
    /// A service `devices` with one migration, on a database of its own.
    private func withService(
        _ body: @Sendable (ServiceEnvironment, TestDatabase) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lms-migrations-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try "CREATE TABLE devices.things (id int PRIMARY KEY);".write(
            to: folder.appendingPathComponent("0001_things.sql"), atomically: true, encoding: .utf8)
        try await TestDatabase.with { database in
            let configuration = try ServiceConfiguration([
                "LMS_DATABASE_URL": database.configuration(.devices).url,
                "LMS_DATABASE_OWNER_URL": database.ownerConfiguration(.devices).url,
                "LMS_DATABASE_ROLE_PREFIX": database.roles.prefix,
            ])
            let environment = ServiceEnvironment(
                service: ServiceDescription(name: "devices", defaultPort: 0, migrations: folder),
                configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            try await body(environment, database)
        }
    }

    @Test func whatIsNotMigratedIsTold() async throws {
        try await withService { environment, _ in
            let error = await #expect(throws: SchemaDifferences.self) { try await SchemaCommand(environment).check() }
            #expect(error?.description == "devices: 0001_things.sql has not been applied")
            try await SchemaCommand(environment).migrate()
            try await SchemaCommand(environment).check()
            try await SchemaCommand(environment).migrate()
        }
    }

    @Test func aServiceIsReadyOnceItsSchemaIs() async throws {
        try await withService { environment, database in
            try await withClient(database.configuration(.devices)) { client in
                environment.health.registerDatabase(client)
                try environment.health.registerSchema(of: environment, in: client)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await environment.health.run() }
                    defer { group.cancelAll() }
                    let before = await environment.health.readiness()
                    #expect(before.components.filter { $0.failure != nil }.map(\.name) == ["schema"])
                    try await SchemaCommand(environment).migrate()
                    let after = await environment.health.readiness()
                    #expect(after.isReady)
                }
            }
        }
    }

    @Test func aServiceWithoutASchemaHasNothingToMigrate() async throws {
        let environment = ServiceEnvironment(
            service: ServiceDescription(name: "gateway", defaultPort: 0),
            configuration: try ServiceConfiguration(["LMS_DATABASE_OWNER_URL": "postgres://nobody@127.0.0.1:1/none"]),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await #expect(throws: NoSchemaError.self) { try await SchemaCommand(environment).migrate() }
    }
}
