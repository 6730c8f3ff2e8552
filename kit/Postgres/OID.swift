/// A type's number in `pg_type`; those below are fixed by PostgreSQL (`pg_type.dat`).
public struct OID: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static let bool = OID(rawValue: 16)
    public static let bytea = OID(rawValue: 17)
    public static let int8 = OID(rawValue: 20)
    public static let int2 = OID(rawValue: 21)
    public static let int4 = OID(rawValue: 23)
    public static let text = OID(rawValue: 25)
    public static let json = OID(rawValue: 114)
    public static let float8 = OID(rawValue: 701)
    public static let timestamptz = OID(rawValue: 1184)
    public static let uuid = OID(rawValue: 2950)
    public static let jsonb = OID(rawValue: 3802)

    public static let boolArray = OID(rawValue: 1000)
    public static let byteaArray = OID(rawValue: 1001)
    public static let int2Array = OID(rawValue: 1005)
    public static let int4Array = OID(rawValue: 1007)
    public static let textArray = OID(rawValue: 1009)
    public static let int8Array = OID(rawValue: 1016)
    public static let float8Array = OID(rawValue: 1022)
    public static let timestamptzArray = OID(rawValue: 1185)
    public static let uuidArray = OID(rawValue: 2951)
    public static let jsonbArray = OID(rawValue: 3807)
}
