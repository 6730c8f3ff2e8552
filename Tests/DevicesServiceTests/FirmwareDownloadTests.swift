import Foundation
import NIOHTTP1
import TestKit
import Testing

@testable import DevicesService

@Suite struct FirmwareDownloadTests {
    private static let size = 2 * Firmware.chunkSize + 1000

    @Test func `a download that broke off goes on where it did`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let firmware = try await organization.firmware(size: Self.size)
        let first = try await firmware.download(as: device.client, headers: ["range": "bytes=0-299999"])
        let tag = try #require(first.header("etag"))
        #expect(tag == "\"\(FirmwareUploadTests.sha256(firmware.image))\"")
        let rest = try await firmware.download(
            as: device.client, headers: ["range": "bytes=300000-", "if-range": tag])
        #expect(rest.status == 206)
        #expect(rest.header("content-range") == "bytes 300000-\(Self.size - 1)/\(Self.size)")
        #expect(first.body + rest.body == firmware.image)
        let changed = try await firmware.download(
            as: device.client, headers: ["range": "bytes=300000-", "if-range": "\"other\""])
        #expect(changed.status == 200)
        #expect(changed.body == firmware.image)
        #expect(try await firmware.download(as: device.client, headers: ["if-none-match": tag]).status == 304)
        let head = try await device.client.send(.HEAD, "\(firmware.path)/content")
        #expect(head.status == 200)
        #expect(head.header("accept-ranges") == "bytes")
    }

    @Test(
        arguments: [
            ("bytes=0-0", 0..<1), ("bytes=262143-262144", 262_143..<262_145), ("bytes=-1", size - 1..<size),
            ("bytes=-99999999", 0..<size), ("bytes=5-99999999999999999999", 5..<size), ("BYTES=1-2", 1..<3),
        ])
    func `a range is answered with its bytes`(field: String, range: Range<Int>) async throws {
        let organization = try await DevicesServer.shared().organization()
        let firmware = try await organization.firmware(size: Self.size)
        let answer = try await firmware.download(as: organization.admin, headers: ["range": field])
        #expect(answer.status == 206)
        #expect(answer.body == Array(firmware.image[range]))
    }

    @Test(
        arguments: [
            ("bytes=1000-", 416), ("bytes=-0", 416), ("bytes=5-4", 416), ("bytes=a-b", 416), ("bytes=-", 416),
            ("bytes=", 416), ("bytes=1", 416), ("bytes=1-2-3", 416), ("bytes=99999999999999999999-", 416),
            ("items=0-1", 200), ("bytes=0-1,4-5", 200), ("nonsense", 200),
        ])
    func `a range that cannot be had is 416, one that may be passed over the whole`(
        field: String, status: Int
    ) async throws {
        let organization = try await DevicesServer.shared().organization()
        let firmware = try await organization.firmware()
        let answer = try await firmware.download(as: organization.admin, headers: ["range": field])
        #expect(answer.status == status)
        #expect(answer.header("content-range") == (status == 416 ? "bytes */1000" : nil))
    }

    @Test func `a device gets what is for its type alone, and nobody another organization's`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device(["device_type": "esp8266"])
        let firmware = try await organization.firmware()
        #expect(try await firmware.download(as: device.client).status == 404)
        let own = try await organization.firmware(for: "esp8266")
        #expect(try await own.download(as: device.client).body == own.image)
        let stranger = try await server.organization()
        let other = try await stranger.device()
        for client in [stranger.admin, other.client] {
            #expect(try await firmware.download(as: client).status == 404)
        }
        for path in [firmware.path, "\(firmware.path)/current"] {
            #expect(try await stranger.admin.delete(path).status == 404)
        }
        #expect(try await stranger.admin.get(TestFirmware.path).json["items"] == [])
        #expect(try await device.client.get(TestFirmware.path).status == 403)
        let viewer = try await server.service.user(.viewer, of: organization.id)
        #expect(try await firmware.download(as: viewer).body == firmware.image)
    }

    @Test func `a deleted firmware is gone with its image`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let firmware = try await organization.firmware()
        #expect(try await organization.admin.delete(firmware.path, headers: ["if-match": "\"2\""]).status == 412)
        #expect(try await organization.admin.delete(firmware.path).status == 204)
        #expect(try await organization.admin.delete(firmware.path).status == 404)
        #expect(try await firmware.download(as: organization.admin).status == 404)
        let left = try await organization.server.service.query(
            "SELECT 1 FROM devices.firmware_chunks WHERE organization_id = \(organization.id)")
        #expect(left.isEmpty)
        try await FirmwareUploadTests.expectAudit(
            of: firmware.id, is: ["firmware.uploaded", "firmware.deleted"], organization)
    }
}
