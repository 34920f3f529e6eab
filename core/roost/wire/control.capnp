# Bodies of the control plane. Structs only: an interface would need the RPC library.
# Fields are added at the end with the next number; none is ever removed or given another type.

@0xd3a5c1f07b8e4a96;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("roost::wire::schema");

struct ProcId {
  host @0 :UInt64;
  ordinal @1 :UInt32;
  incarnation @2 :UInt32;
}

struct ActorId {
  proc @0 :ProcId;
  local @1 :UInt64;
}

struct ErrorLink {
  code @0 :UInt16;  # A roost::errc.
  simulated @1 :Bool;
  what @2 :Text;
  where @3 :Text;
}

struct Range {  # Numbers from `from` to `below`, which is not in it.
  from @0 :UInt64;
  below @1 :UInt64;
}

struct Received {  # What the sender of a hello already has of the session's frames.
  ackBelow @0 :UInt64;
  handledBelow @1 :UInt64;
  controlAck @2 :UInt64;
  ranges @3 :List(Range);  # Above ackBelow, ascending, apart from each other.
}

struct Hello {
  magic @0 :UInt64;
  wireVersionMin @1 :UInt16;
  wireVersionMax @2 :UInt16;
  build @3 :Text;
  cluster @4 :Text;
  sender @5 :ProcId;
  receiver @6 :ProcId;
  epoch @7 :UInt64;
  received @8 :Received;
  authKind @9 :AuthKind;
  authProof @10 :Data;
  features @11 :UInt64;
}

enum AuthKind {
  none @0;
  token @1;
  tls @2;
}

struct Refuse {
  code @0 :UInt16;  # A roost::errc.
  text @1 :Text;
  oursMin @2 :UInt16;  # Wire versions of the end that refuses.
  oursMax @3 :UInt16;
  theirsMin @4 :UInt16;
  theirsMax @5 :UInt16;
}

struct Dim {
  name @0 :Text;
  size @1 :UInt64;
}

struct Spawn {
  actor @0 :UInt64;
  className @1 :Text;
  name @2 :Text;
  meshHigh @3 :UInt64;
  meshLow @4 :UInt64;
  rank @5 :UInt64;
  extent @6 :List(Dim);
  owner @7 :ActorId;
  args @8 :Data;
  argsFingerprint @9 :UInt64;
}

struct End {
  actor @0 :UInt64;
  why @1 :List(ErrorLink);
}

struct Status {
  actor @0 :ActorId;
  reason @1 :UInt16;  # A roost::errc.
  why @2 :List(ErrorLink);
}

struct Control {
  union {
    spawn @0 :Spawn;
    stop @1 :End;
    kill @2 :End;
    status @3 :Status;
  }
}

struct Fate {
  number @0 :UInt64;
  why @1 :List(ErrorLink);
}

struct Told {
  fates @0 :List(Fate);
}
