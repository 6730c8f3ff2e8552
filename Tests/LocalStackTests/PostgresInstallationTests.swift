import Testing

@testable import LocalStack

struct PostgresInstallationTests {
    private func version(_ number: Int, timescale: Bool = false) -> PostgresInstallation {
        PostgresInstallation(
            version: number, binaries: "/pg/\(number)", preloadable: timescale ? ["timescaledb"] : [])
    }

    private func pick(_ installed: [PostgresInstallation], dataVersion: Int? = nil) throws -> Int {
        try PostgresInstallation.pick(from: installed, data: "/data", dataVersion: dataVersion).version
    }

    @Test func `the newest one is taken`() throws {
        #expect(try pick([version(15), version(17), version(16)]) == 17)
    }

    @Test func `one with TimescaleDB is taken before a newer one without`() throws {
        #expect(try pick([version(17), version(16, timescale: true)]) == 16)
    }

    @Test func `data stay with the version that wrote them`() throws {
        #expect(try pick([version(15), version(17)], dataVersion: 15) == 15)
    }

    @Test func `data of a version that is gone are an error that names it`() {
        #expect(throws: LocalStackError.postgresVersionMissing(version: 15, data: "/data")) {
            try pick([version(17)], dataVersion: 15)
        }
    }

    @Test func `a server of somebody else that is too old is an error that says which is needed`() throws {
        try PostgresInstallation.check(serverVersion: 150_000, of: "LMS_DATABASE_URL")
        let error = #expect(throws: LocalStackError.self) {
            try PostgresInstallation.check(serverVersion: 140_012, of: "LMS_DATABASE_URL")
        }
        #expect(error == .serverTooOld(variable: "LMS_DATABASE_URL", version: 14, minimum: 15))
        #expect(error?.description.contains("type: unset LMS_DATABASE_URL") == true)
    }

    @Test func `root runs the server as postgres, and cannot where there is no such account`() throws {
        let error = #expect(throws: LocalStackError.postgresAccountMissing) {
            try PostgresCluster.accountToRunAs(user: 0, postgres: nil)
        }
        #expect(error?.description.contains("Type: sudo apt-get install postgresql") == true)
        #expect(try PostgresCluster.accountToRunAs(user: 1000, postgres: nil) == nil)
    }

    @Test func `versions that are too old do not count`() {
        #expect(throws: LocalStackError.postgresMissing(minimum: 15)) { try pick([version(13)]) }
    }
}
