import Postgres

/// An optional time in eight bytes instead of sixteen, for what there are millions of: the earliest time there is stands
/// for none.
@propertyWrapper struct Packed: Sendable, Hashable {
    private var microseconds: Int64

    init(wrappedValue: Timestamp?) {
        microseconds = wrappedValue?.microseconds ?? .min
    }

    var wrappedValue: Timestamp? {
        get { microseconds == .min ? nil : Timestamp(microseconds: microseconds) }
        set { microseconds = newValue?.microseconds ?? .min }
    }
}
