import Crypto
import EventBus
import Foundation
import Kernel
import NIOHTTP1
import Postgres
import TestKit
import Testing

@testable import DevicesService

@Suite struct FirmwareUploadTests {
    @Test func `an image is kept in pieces, with what is said of it and its checksum`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let size = 2 * Firmware.chunkSize + 17
        let image = TestFirmware.image(size)
        let firmware = try await organization.firmware(
            "v1.4.2-rc.1+5114f85", size: size,
            query: "&signature=MEUC%2B&description=Fixes%20the%20clock&sha256=\(Self.sha256(image).uppercased())")
        let shown = try await organization.admin.get(firmware.path)
        #expect(shown.json == firmware.answer.json)
        #expect(firmware.answer.header("location") == firmware.path)
        #expect(shown.json["device_type"] == "esp32")
        #expect(shown.json["firmware_version"] == "1.4.2-rc.1+5114f85")
        #expect(shown.json["size"].int == size)
        #expect(shown.json["sha256"].string == Self.sha256(image))
        #expect(shown.json["signature"] == "MEUC+")
        #expect(shown.json["description"] == "Fixes the clock")
        #expect(shown.json["current"] == false)
        let download = try await firmware.download(as: organization.admin)
        #expect(download.body == image)
        #expect(download.header("content-length") == "\(size)")
        #expect(try await Self.chunks(of: organization) == 3)
        try await Self.expectAudit(of: firmware.id, is: ["firmware.uploaded"], organization)
    }

    @Test func `an image of exactly whole pieces, and one that is gzipped on its way, arrive whole`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let whole = try await organization.firmware("1", size: Firmware.chunkSize)
        #expect(try await whole.download(as: organization.admin).body == whole.image)
        #expect(try await Self.chunks(of: organization) == 1)
        // `printf 'firmware' | gzip -n`
        let gzipped: [UInt8] = [
            0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x4b, 0xcb, 0x2c, 0xca, 0x2d, 0x4f, 0x2c, 0x4a,
            0x05, 0x00, 0xc4, 0xd7, 0xec, 0xd5, 0x08, 0x00, 0x00, 0x00,
        ]
        let answer = try await organization.upload(gzipped, "2", headers: ["content-encoding": "gzip"])
        #expect(answer.status == 201)
        #expect(answer.json["sha256"].string == Self.sha256(Array("firmware".utf8)))
    }

    @Test func `a version is there once for a type, and one that was refused can be sent again`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        _ = try await organization.firmware("1.0.0")
        #expect(try await organization.upload([1], "v1.0.0").status == 409)
        #expect(try await organization.upload([1], "1.0.1", query: Self.wrongChecksum).status == 422)
        _ = try await organization.firmware("1.0.1")
        _ = try await organization.firmware("1.0.0", for: "esp8266")
        _ = try await server.organization().firmware("1.0.0")
        #expect(try await Self.rows(of: organization) == 3)
        let listed = try await organization.admin.get("\(TestFirmware.path)?device_type=esp32").json["items"]
        #expect(listed.array?.map { $0["firmware_version"] } == ["1.0.1", "1.0.0"])
    }

    @Test func `nothing is left of an upload with another checksum, of none, and of a refused one`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let mismatch = try await organization.upload(TestFirmware.image(300_000), query: Self.wrongChecksum)
        #expect(mismatch.status == 422)
        #expect(mismatch.json["errors"][0]["field"] == "sha256")
        #expect(try await organization.upload([]).status == 422)
        #expect(try await Self.rows(of: organization) == 0)
        #expect(try await Self.chunks(of: organization) == 0)
    }

    @Test func `an image that is too large is refused, announced or not`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let path = "\(TestFirmware.path)?device_type=esp32&firmware_version=1\(Self.wrongChecksum)"
        let announced = try await organization.admin.withStream(
            .POST, path,
            headers: [
                "content-type": "application/octet-stream", "content-length": "\(Firmware.maximumSize + 1)",
            ], hasBody: true
        ) { try await $0.head().status.code }
        #expect(announced == 413)
        let piece = TestFirmware.image(1 << 20)
        let streamed = try await organization.admin.withStream(
            .POST, path, headers: ["content-type": "application/octet-stream", "transfer-encoding": "chunked"],
            hasBody: true
        ) { exchange in
            for _ in 0...(Firmware.maximumSize / piece.count) { try await exchange.send(piece) }
            try await exchange.endBody()
            return try await exchange.head().status.code
        }
        #expect(streamed == 413)
        try await eventually { try await Self.rows(of: organization) == 0 }
        #expect(try await Self.chunks(of: organization) == 0)
    }

    @Test(arguments: [["content-length": "2000000"], ["transfer-encoding": "chunked"]] as [HTTPHeaders])
    func `nothing is left of an upload that breaks off`(framing: HTTPHeaders) async throws {
        let organization = try await DevicesServer.shared().organization()
        var headers: HTTPHeaders = ["content-type": "application/octet-stream"]
        headers.add(contentsOf: framing)
        try await organization.admin.withStream(
            .POST, "\(TestFirmware.path)?device_type=esp32&firmware_version=1\(Self.wrongChecksum)", headers: headers,
            hasBody: true
        ) { exchange in
            try await exchange.send(TestFirmware.image(Firmware.chunkSize + 1))
            try await eventually { try await Self.chunks(of: organization) == 1 }
            #expect(try await organization.admin.get(TestFirmware.path).json["items"] == [])
        }
        try await eventually { try await Self.rows(of: organization) == 0 }
        #expect(try await Self.chunks(of: organization) == 0)
    }

    @Test func `an image that says neither its length nor its checksum is refused`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let status = try await organization.admin.withStream(
            .POST, "\(TestFirmware.path)?device_type=esp32&firmware_version=1",
            headers: ["content-type": "application/octet-stream", "transfer-encoding": "chunked"], hasBody: true
        ) { try await $0.head().status.code }
        #expect(status == 411)
    }

    @Test func `what an instance that died was taking is deleted a day later`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        for hours in [1, 25] as [Int32] {
            _ = try await server.service.query(
                """
                INSERT INTO devices.firmware (id, organization_id, device_type, firmware_version, description, created_at)
                VALUES (\(UUID.v7()), \(organization.id), 'esp32', '1', '', now() - make_interval(hours => \(hours)))
                """)
        }
        #expect(try await organization.admin.get(TestFirmware.path).json["items"] == [])
        try await withClient(server.service.database.configuration(.devices)) { client in
            try await FirmwareUploads(database: client, ledger: Ledger(outbox: Outbox(source: .devices)))
                .deleteAbandoned()
        }
        #expect(try await Self.rows(of: organization) == 1)
    }

    @Test func `an organization may have so many, those under way among them`() async throws {
        let organization = try await DevicesServer.shared().organization()
        try await organization.server.service.query(
            """
            INSERT INTO devices.firmware (id, organization_id, device_type, firmware_version, description)
            SELECT gen_random_uuid(), \(organization.id), 'esp32', number::text, ''
            FROM generate_series(1, \(Int32(Firmware.maximumPerOrganization - 1))) AS number
            """)
        let last = try await organization.firmware("1.0.0")
        #expect(try await organization.upload([1], "1.0.1").status == 409)
        #expect(try await organization.admin.delete(last.path).status == 204)
        _ = try await organization.firmware("1.0.1")
    }

    @Test func `the same Idempotency-Key takes one image`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let image = TestFirmware.image(1000)
        func send(_ image: [UInt8], _ version: String) async throws -> TestHTTPResponse {
            try await organization.upload(image, version, headers: ["idempotency-key": "k1"])
        }
        let first = try await send(image, "1")
        #expect(first.status == 201)
        #expect(try await send(image, "1").json == first.json)
        #expect(try await send([1], "1").status == 422)
        #expect(try await send(image, "2").status == 422)
        #expect(try await Self.rows(of: organization) == 1)
    }

    @Test(
        arguments: [
            ("device_type=a%20b&firmware_version=1", "device_type"), ("firmware_version=1", "device_type"),
            ("device_type=esp32", "firmware_version"), ("device_type=esp32&firmware_version=new", "firmware_version"),
            ("device_type=esp32&firmware_version=1&sha256=abc", "sha256"),
            ("device_type=esp32&firmware_version=1&signature=%00", "signature"),
        ])
    func `what is wrong with an upload is said by field`(query: String, field: String) async throws {
        let organization = try await DevicesServer.shared().organization()
        let answer = try await organization.admin.send(
            .POST, "\(TestFirmware.path)?\(query)", headers: ["content-type": "application/octet-stream"], body: [1])
        #expect(answer.status == 422)
        #expect(answer.json["errors"][0]["field"].string == field)
    }

    @Test func `an image of another media type is refused`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let answer = try await organization.admin.post(
            "\(TestFirmware.path)?device_type=esp32&firmware_version=1", ["image": "AAAA"])
        #expect(answer.status == 415)
    }

    // MARK: Parts

    private static let wrongChecksum = "&sha256=" + String(repeating: "0", count: 64)

    static func sha256(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// How many rows there are of an organization's firmware, whether it is complete or not.
    private static func rows(of organization: TestOrganization) async throws -> Int? {
        try await organization.server.service.query(
            "SELECT count(*) FROM devices.firmware WHERE organization_id = \(organization.id)"
        ).first?.decode(Int.self)
    }

    private static func chunks(of organization: TestOrganization) async throws -> Int? {
        try await organization.server.service.query(
            "SELECT count(*) FROM devices.firmware_chunks WHERE organization_id = \(organization.id)"
        ).first?.decode(Int.self)
    }

    static func expectAudit(of id: String, is types: [String], _ organization: TestOrganization) async throws {
        let entity = try #require(UUID(uuidString: id))
        let rows = try await organization.server.service.query(
            "SELECT event_type FROM core.events WHERE entity_id = \(entity) ORDER BY id")
        #expect(try rows.map { try $0.decode(String.self, at: 0) } == types)
    }
}
