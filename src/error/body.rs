//! Wire shapes of an error: PostgREST, auth, storage.
