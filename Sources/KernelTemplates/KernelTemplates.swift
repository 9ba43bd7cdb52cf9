// KernelTemplates
