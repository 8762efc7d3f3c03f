//! Nothing: the stories are in the folder `stories`.
